//! One field of an object that is there.

use vws_core::command::{Change, ObjectPatch, ScaleInput};
use vws_core::error::ObjectError;
use vws_core::limits::{self, ModelLimits};
use vws_core::model::{Color, Partial3};
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
    /// The factors of a light as one: how strongly it shines.
    Brightness,
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
            Self::Brightness => "brightness".to_owned(),
            Self::Color => "color".to_owned(),
            Self::Opacity => "opacity".to_owned(),
            Self::Text => "text".to_owned(),
        }
    }

    /// Every field that several objects may have in common: all but the name.
    pub const SHARED: [Self; 14] = [
        Self::Kind,
        Self::Position(Axis::X),
        Self::Position(Axis::Y),
        Self::Position(Axis::Z),
        Self::Rotation(Axis::X),
        Self::Rotation(Axis::Y),
        Self::Rotation(Axis::Z),
        Self::Scale(Axis::X),
        Self::Scale(Axis::Y),
        Self::Scale(Axis::Z),
        Self::Brightness,
        Self::Color,
        Self::Opacity,
        Self::Text,
    ];

    /// What the field shows of an object.
    #[must_use]
    pub fn shown(self, object: &Object) -> String {
        match self {
            Self::Name => object.name.as_str().to_owned(),
            Self::Kind => object.kind.as_str().to_owned(),
            Self::Color => object.color.to_string(),
            Self::Text => object.text.as_str().to_owned(),
            Self::Position(_) | Self::Rotation(_) | Self::Scale(_) | Self::Brightness | Self::Opacity => {
                self.value(object).map(text::of_number).unwrap_or_default()
            }
        }
    }

    /// The number of an object that the field shows; `None` for a field that is none.
    #[must_use]
    pub fn value(self, object: &Object) -> Option<f64> {
        let (r, s) = (object.rotation, object.scale);
        Some(match self {
            Self::Position(Axis::X) => object.x.get(),
            Self::Position(Axis::Y) => object.y.get(),
            Self::Position(Axis::Z) => object.z.get(),
            Self::Rotation(Axis::X) => r.x.get(),
            Self::Rotation(Axis::Y) => r.y.get(),
            Self::Rotation(Axis::Z) => r.z.get(),
            Self::Scale(Axis::X) => s.x.get(),
            Self::Scale(Axis::Y) => s.y.get(),
            Self::Scale(Axis::Z) => s.z.get(),
            Self::Brightness if s.x == s.y && s.y == s.z => s.x.get(),
            // As the viewport takes it.
            Self::Brightness => (s.x.get() * s.y.get() * s.z.get()).cbrt(),
            Self::Opacity => object.opacity.get(),
            Self::Name | Self::Kind | Self::Color | Self::Text => return None,
        })
    }

    /// How far a drag goes at most. Whether a number is allowed is for core to say.
    #[must_use]
    pub const fn range(self) -> Option<(f64, f64)> {
        // A scale of 0 is refused: a drag stops right above it.
        const LEAST_SCALE: f64 = 0.001;
        match self {
            Self::Position(_) => Some((-limits::POSITION_BOUND, limits::POSITION_BOUND)),
            Self::Rotation(_) => Some((-limits::ROTATION_BOUND, limits::ROTATION_BOUND)),
            Self::Scale(_) | Self::Brightness => Some((LEAST_SCALE, limits::SCALE_MAX)),
            Self::Opacity => Some((0.0, 1.0)),
            Self::Name | Self::Kind | Self::Color | Self::Text => None,
        }
    }

    /// Whether two objects have the same in this field.
    #[must_use]
    pub fn is_same(self, a: &Object, b: &Object) -> bool {
        match self {
            Self::Name => a.name == b.name,
            Self::Kind => a.kind == b.kind,
            Self::Color => a.color == b.color,
            Self::Text => a.text == b.text,
            Self::Position(_) | Self::Rotation(_) | Self::Scale(_) | Self::Brightness | Self::Opacity => {
                self.value(a) == self.value(b)
            }
        }
    }

    /// The change that gives the field its default; `None` where it has none.
    #[must_use]
    pub fn reset(self) -> Option<ObjectPatch> {
        Some(match self {
            Self::Rotation(axis) => {
                ObjectPatch { rotation: Change::Set(axis.partial(0.0)), ..ObjectPatch::default() }
            }
            Self::Scale(axis) => ObjectPatch {
                scale: Change::Set(ScaleInput::Axes(axis.partial(1.0))),
                ..ObjectPatch::default()
            },
            Self::Brightness => ObjectPatch { scale: Change::Reset, ..ObjectPatch::default() },
            Self::Color => ObjectPatch { color: Change::Reset, ..ObjectPatch::default() },
            Self::Opacity => ObjectPatch { opacity: Change::Reset, ..ObjectPatch::default() },
            Self::Text => ObjectPatch { text: Change::Reset, ..ObjectPatch::default() },
            Self::Name | Self::Kind | Self::Position(_) => return None,
        })
    }

    /// Whether an object has anything but the default there. Never where there is no default.
    #[must_use]
    pub fn is_changed(self, object: &Object) -> bool {
        match self {
            Self::Rotation(_) => self.value(object) != Some(0.0),
            Self::Scale(_) | Self::Brightness | Self::Opacity => self.value(object) != Some(1.0),
            Self::Color => object.color != Color::DEFAULT,
            Self::Text => !object.text.as_str().is_empty(),
            Self::Name | Self::Kind | Self::Position(_) => false,
        }
    }

    /// The change that gives an object this number; `None` for a field that is none.
    #[must_use]
    pub fn with_value(self, value: f64) -> Option<ObjectPatch> {
        Some(match self {
            Self::Position(Axis::X) => ObjectPatch { x: Change::Set(value), ..ObjectPatch::default() },
            Self::Position(Axis::Y) => ObjectPatch { y: Change::Set(value), ..ObjectPatch::default() },
            Self::Position(Axis::Z) => ObjectPatch { z: Change::Set(value), ..ObjectPatch::default() },
            Self::Rotation(axis) => {
                ObjectPatch { rotation: Change::Set(axis.partial(value)), ..ObjectPatch::default() }
            }
            Self::Scale(axis) => ObjectPatch {
                scale: Change::Set(ScaleInput::Axes(axis.partial(value))),
                ..ObjectPatch::default()
            },
            Self::Brightness => {
                ObjectPatch { scale: Change::Set(ScaleInput::Uniform(value)), ..ObjectPatch::default() }
            }
            Self::Opacity => ObjectPatch { opacity: Change::Set(value), ..ObjectPatch::default() },
            Self::Name | Self::Kind | Self::Color | Self::Text => return None,
        })
    }

    /// The change of an object that a text stands for; `None` for the name, whose change is a rename.
    ///
    /// # Errors
    /// That the text is no number where one is asked for.
    pub fn patch(self, object: &Object, text: &str) -> Result<Option<ObjectPatch>, Refusal> {
        if let Some(now) = self.value(object) {
            let field = match self {
                Self::Position(axis) | Self::Rotation(axis) | Self::Scale(axis) => axis.as_str(),
                Self::Brightness => "scale",
                _ => "opacity",
            };
            return Ok(self.with_value(text::number_from(field, now, text)?));
        }
        Ok(match self {
            Self::Kind => Some(ObjectPatch { kind: Change::Set(text.to_owned()), ..ObjectPatch::default() }),
            Self::Color => {
                Some(ObjectPatch { color: Change::Set(text.trim().to_owned()), ..ObjectPatch::default() })
            }
            Self::Text => Some(ObjectPatch { text: Change::Set(text.to_owned()), ..ObjectPatch::default() }),
            _ => None,
        })
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
        let gone = || ObjectError::NotFound { name: name.to_owned() };
        let object = state.object(name).ok_or_else(gone)?;
        let command = match self.patch(object, text)? {
            Some(patch) => Command::UpdateObject { name: name.to_owned(), patch },
            None => Command::RenameObject { name: name.to_owned(), new_name: text.to_owned() },
        };
        judge_one(state, command, limits)
    }
}

/// The command that shows or hides an object.
#[must_use]
pub fn set_visible(name: &str, visible: bool) -> Command {
    let patch = ObjectPatch { visible: Change::Set(visible), ..ObjectPatch::default() };
    Command::UpdateObject { name: name.to_owned(), patch }
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
    fn web28_a_field_takes_sums_and_goes_on_from_what_is_there() {
        let update =
            |patch: &str| Ok(format!(r#"{{"type":"update_object","name":"a","patch":{{{patch}}}}}"#));
        assert_eq!(typed(ObjectField::Position(Axis::Y), "12/5"), update(r#""y":2.4"#));
        assert_eq!(typed(ObjectField::Scale(Axis::Z), "+=0.5"), update(r#""scale":{"z":1.5}"#));
        let (code, words) = typed(ObjectField::Position(Axis::X), "12+1").expect_err("refused");
        assert_eq!((code, words.as_str()), ("coordinate_out_of_bounds", "x = 13 is outside [-12, 12]"));
    }

    #[test]
    fn web30_what_is_reset_has_its_default() {
        let (state, limits) = (session(), ModelLimits::default());
        let object = state.object("a").expect("it was made");
        for field in ObjectField::SHARED {
            assert!(!field.is_changed(object), "{field:?} is as it was made");
            let Some(patch) = field.reset() else { continue };
            let reset = Command::UpdateObject { name: "a".to_owned(), patch };
            let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
            assert_eq!(vws_core::decide(&state, &reset, &context), Ok(vec![]), "{field:?}");
        }
        for (field, text) in [
            (ObjectField::Rotation(Axis::Y), "5"),
            (ObjectField::Scale(Axis::X), "2"),
            (ObjectField::Brightness, "2"),
            (ObjectField::Color, "#000000"),
            (ObjectField::Opacity, "0.5"),
            (ObjectField::Text, "hi"),
        ] {
            let mut state = session();
            let command = field.command(&state, "a", text, &limits).expect("valid");
            let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
            for event in vws_core::decide(&state, &command, &context).expect("it was judged") {
                apply(&mut state, &event, 3, 0);
            }
            assert!(field.is_changed(state.object("a").expect("it is there")), "{field:?}");
        }
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
}
