//! One field of an object that is there.

use std::collections::BTreeMap;

use vws_core::command::{Change, ObjectPatch, ScaleInput};
use vws_core::limits::ModelLimits;
use vws_core::model::{Partial3, Scalar};
use vws_core::reduce::State;
use vws_core::{Command, Object};

use super::{Refusal, judge_one, text};

/// x, y or z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// To the right.
    X,
    /// Up.
    Y,
    /// Towards the viewer.
    Z,
}

impl Axis {
    /// All three.
    pub const ALL: [Self; 3] = [Self::X, Self::Y, Self::Z];

    /// The axis as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Y => "y",
            Self::Z => "z",
        }
    }

    pub(super) fn partial(self, value: f64) -> Partial3<f64> {
        let mut partial = Partial3::default();
        *match self {
            Self::X => &mut partial.x,
            Self::Y => &mut partial.y,
            Self::Z => &mut partial.z,
        } = Some(value);
        partial
    }
}

/// A field of an object that is typed as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectField {
    /// The name; its change is a rename.
    Name,
    /// The type.
    Kind,
    /// A coordinate.
    Position(Axis),
    /// An Euler angle.
    Rotation(Axis),
    /// A factor.
    Scale(Axis),
    /// The colour.
    Color,
    /// The opacity.
    Opacity,
    /// The text.
    Text,
}

impl ObjectField {
    /// The field's name in the page's own ids.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Name => "name".to_owned(),
            Self::Kind => "type".to_owned(),
            Self::Position(axis) => axis.as_str().to_owned(),
            Self::Rotation(axis) => format!("rotation-{}", axis.as_str()),
            Self::Scale(axis) => format!("scale-{}", axis.as_str()),
            Self::Color => "color".to_owned(),
            Self::Opacity => "opacity".to_owned(),
            Self::Text => "text".to_owned(),
        }
    }

    /// What the field shows of an object.
    #[must_use]
    pub fn shown(self, object: &Object) -> String {
        let (r, s) = (object.rotation, object.scale);
        match self {
            Self::Name => object.name.as_str().to_owned(),
            Self::Kind => object.kind.as_str().to_owned(),
            Self::Position(Axis::X) => text::of_number(object.x.get()),
            Self::Position(Axis::Y) => text::of_number(object.y.get()),
            Self::Position(Axis::Z) => text::of_number(object.z.get()),
            Self::Rotation(Axis::X) => text::of_number(r.x.get()),
            Self::Rotation(Axis::Y) => text::of_number(r.y.get()),
            Self::Rotation(Axis::Z) => text::of_number(r.z.get()),
            Self::Scale(Axis::X) => text::of_number(s.x.get()),
            Self::Scale(Axis::Y) => text::of_number(s.y.get()),
            Self::Scale(Axis::Z) => text::of_number(s.z.get()),
            Self::Color => object.color.to_string(),
            Self::Opacity => text::of_number(object.opacity.get()),
            Self::Text => object.text.as_str().to_owned(),
        }
    }

    /// The command that gives the object `name` what the field's text says.
    ///
    /// # Errors
    /// The refusal of the server.
    pub fn command<S: State>(
        self,
        state: &S,
        name: &str,
        text: &str,
        limits: &ModelLimits,
    ) -> Result<Command, Refusal> {
        let number = |field: &str| text::number(field, text);
        let patch = match self {
            Self::Name => {
                let rename = Command::RenameObject { name: name.to_owned(), new_name: text.to_owned() };
                return judge_one(state, rename, limits);
            }
            Self::Kind => ObjectPatch { kind: Change::Set(text.to_owned()), ..ObjectPatch::default() },
            Self::Position(axis) => {
                let value = Change::Set(number(axis.as_str())?);
                match axis {
                    Axis::X => ObjectPatch { x: value, ..ObjectPatch::default() },
                    Axis::Y => ObjectPatch { y: value, ..ObjectPatch::default() },
                    Axis::Z => ObjectPatch { z: value, ..ObjectPatch::default() },
                }
            }
            Self::Rotation(axis) => {
                let rotation = Change::Set(axis.partial(number(axis.as_str())?));
                ObjectPatch { rotation, ..ObjectPatch::default() }
            }
            Self::Scale(axis) => {
                let scale = Change::Set(ScaleInput::Axes(axis.partial(number(axis.as_str())?)));
                ObjectPatch { scale, ..ObjectPatch::default() }
            }
            Self::Color => {
                ObjectPatch { color: Change::Set(text.trim().to_owned()), ..ObjectPatch::default() }
            }
            Self::Opacity => {
                ObjectPatch { opacity: Change::Set(number("opacity")?), ..ObjectPatch::default() }
            }
            Self::Text => ObjectPatch { text: Change::Set(text.to_owned()), ..ObjectPatch::default() },
        };
        judge_one(state, Command::UpdateObject { name: name.to_owned(), patch }, limits)
    }
}

/// The command that shows or hides an object.
#[must_use]
pub fn set_visible(name: &str, visible: bool) -> Command {
    let patch = ObjectPatch { visible: Change::Set(visible), ..ObjectPatch::default() };
    Command::UpdateObject { name: name.to_owned(), patch }
}

/// The command that gives one property a value, or takes it away.
///
/// # Errors
/// The refusal of the server.
pub fn set_property<S: State>(
    state: &S,
    name: &str,
    key: &str,
    value: Option<Scalar>,
    limits: &ModelLimits,
) -> Result<Command, Refusal> {
    let properties = Change::Set(BTreeMap::from([(key.to_owned(), value)]));
    let patch = ObjectPatch { properties, ..ObjectPatch::default() };
    judge_one(state, Command::UpdateObject { name: name.to_owned(), patch }, limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::create::CreateForm;
    use vws_core::{Session, SessionId, apply, reduce};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn session() -> Session {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut session = Session::new(id, None, 0, 0);
        let limits = ModelLimits::default();
        let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
        for name in ["a", "b"] {
            let form = CreateForm { name: name.to_owned(), ..CreateForm::default() };
            let command = form.command(&session, &limits).expect("a valid form");
            for event in vws_core::decide(&session, &command, &context).expect("it was judged") {
                let seq = session.seq() + 1;
                apply(&mut session, &event, seq, 0);
            }
        }
        session
    }

    fn typed(field: ObjectField, text: &str) -> Result<String, (&'static str, String)> {
        match field.command(&session(), "a", text, &ModelLimits::default()) {
            Ok(command) => Ok(serde_json::to_string(&command).expect("a command has a JSON")),
            Err(refusal) => Err((refusal.code, refusal.words)),
        }
    }

    #[test]
    fn a_field_sends_only_itself() {
        let update =
            |patch: &str| Ok(format!(r#"{{"type":"update_object","name":"a","patch":{{{patch}}}}}"#));
        assert_eq!(typed(ObjectField::Position(Axis::Y), "5"), update(r#""y":5.0"#));
        assert_eq!(typed(ObjectField::Rotation(Axis::Z), "-90"), update(r#""rotation":{"z":-90.0}"#));
        assert_eq!(typed(ObjectField::Scale(Axis::X), "2"), update(r#""scale":{"x":2.0}"#));
        assert_eq!(typed(ObjectField::Text, "<b>hi</b>"), update(r#""text":"<b>hi</b>""#));
        let renamed = r#"{"type":"rename_object","name":"a","new_name":"c"}"#;
        assert_eq!(typed(ObjectField::Name, "c"), Ok(renamed.to_owned()));
    }

    #[test]
    fn a_field_is_refused_in_the_words_of_the_server() {
        let refused = |field, text: &str| typed(field, text).expect_err("refused");
        let (code, words) = refused(ObjectField::Position(Axis::X), "13");
        assert_eq!((code, words.as_str()), ("coordinate_out_of_bounds", "x = 13 is outside [-12, 12]"));
        assert_eq!(refused(ObjectField::Name, "b").0, "object_exists");
        assert_eq!(refused(ObjectField::Opacity, "1.1").0, "fraction_out_of_range");
        assert_eq!(refused(ObjectField::Kind, "").0, "object_type_invalid");
        assert_eq!(refused(ObjectField::Color, "blue").0, "color_invalid");
    }

    #[test]
    fn what_a_field_shows_is_what_it_sends() {
        let state = session();
        let object = state.object("a").expect("it was made");
        let fields = [
            ObjectField::Name,
            ObjectField::Kind,
            ObjectField::Color,
            ObjectField::Opacity,
            ObjectField::Text,
            ObjectField::Scale(Axis::Z),
        ];
        for field in fields {
            let command = field.command(&state, "a", &field.shown(object), &ModelLimits::default());
            let limits = ModelLimits::default();
            let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
            let events = vws_core::decide(&state, &command.expect("valid"), &context);
            assert_eq!(events, Ok(vec![]), "{field:?} changes nothing when it is sent as shown");
        }
    }

    #[test]
    fn a_property_is_set_and_taken_away() {
        let (state, limits) = (session(), ModelLimits::default());
        assert!(set_property(&state, "a", "k", Some(Scalar::Bool(true)), &limits).is_ok());
        assert!(set_property(&state, "a", "k", None, &limits).is_ok());
        let refusal = set_property(&state, "a", "", Some(Scalar::Bool(true)), &limits).expect_err("refused");
        assert_eq!(refusal.code, "property_invalid");
    }
}
