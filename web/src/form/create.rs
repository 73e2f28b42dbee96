//! The fields of a new object, and the command that they are.

use std::collections::BTreeMap;

use vws_core::command::{ObjectDraft, ScaleInput};
use vws_core::limits::ModelLimits;
use vws_core::model::{Color, ObjectType, Partial3};
use vws_core::reduce::State;
use vws_core::{Command, Object};

use super::{Refusals, judge, text};

/// What the form's fields say, right or wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateForm {
    /// The name.
    pub name: String,
    /// The type: a known kind or a custom one.
    pub kind: String,
    /// x, y, z.
    pub position: [String; 3],
    /// Euler angles.
    pub rotation: [String; 3],
    /// Factors.
    pub scale: [String; 3],
    /// `#rrggbb`.
    pub color: String,
    /// 0 to 1.
    pub opacity: String,
    /// Whether it is drawn.
    pub visible: bool,
    /// What it says.
    pub text: String,
    /// Keys and values of its properties; a row with an empty key and value is none.
    pub properties: Vec<(String, String)>,
}

impl Default for CreateForm {
    fn default() -> Self {
        let all = |value: &str| std::array::from_fn(|_| value.to_owned());
        Self {
            name: String::new(),
            kind: ObjectType::Cube.as_str().to_owned(),
            position: all("0"),
            rotation: all("0"),
            scale: all("1"),
            color: Color::DEFAULT.to_string(),
            opacity: "1".to_owned(),
            visible: true,
            text: String::new(),
            properties: Vec::new(),
        }
    }
}

const AXES: [&str; 3] = ["x", "y", "z"];

impl CreateForm {
    /// The command that the form asks for.
    ///
    /// # Errors
    /// Every refusal at its field, in the words of the server. Pointers are those of the command:
    /// `/object/x`.
    pub fn command<S: State>(&self, state: &S, limits: &ModelLimits) -> Result<Command, Refusals> {
        let mut refusals = Refusals::default();
        let command = Command::CreateObject { object: self.draft(&mut refusals) };
        if let Err(rejection) = judge(state, &command, limits) {
            refusals.add_all(&rejection);
        }
        if refusals.is_empty() { Ok(command) } else { Err(refusals) }
    }

    /// The draft, with 1 (which is valid everywhere) in place of what is no number.
    fn draft(&self, refusals: &mut Refusals) -> ObjectDraft {
        let mut number = |field: &str, text: &str| {
            let pointer = format!("/object/{}", field.replace('.', "/"));
            let key = field.rsplit('.').next().unwrap_or(field);
            refusals.take(&pointer, text::number(key, text), 1.0)
        };
        let [x, y, z] = [0, 1, 2].map(|i| number(AXES[i], &self.position[i]));
        let mut vector = |field: &str, texts: &[String; 3]| {
            let [x, y, z] = [0, 1, 2].map(|i| Some(number(&format!("{field}.{}", AXES[i]), &texts[i])));
            Partial3 { x, y, z }
        };
        let rotation = vector("rotation", &self.rotation);
        let scale = vector("scale", &self.scale);
        let opacity = number("opacity", &self.opacity);
        ObjectDraft {
            name: self.name.clone(),
            kind: self.kind.clone(),
            x,
            y,
            z,
            rotation: Some(rotation),
            scale: Some(ScaleInput::Axes(scale)),
            color: Some(self.color.trim().to_owned()),
            opacity: Some(opacity),
            visible: Some(self.visible),
            text: Some(self.text.clone()),
            properties: self.properties(refusals),
        }
    }

    fn properties(&self, refusals: &mut Refusals) -> Option<BTreeMap<String, vws_core::model::Scalar>> {
        let mut entries = BTreeMap::new();
        for (key, value) in &self.properties {
            if key.is_empty() && value.is_empty() {
                continue;
            }
            if entries.insert(key.clone(), text::scalar(value)).is_some() {
                let twice = vws_core::error::RequestError::DuplicateKey { field: key.clone() };
                refusals.add("/object/properties", twice);
            }
        }
        (!entries.is_empty()).then_some(entries)
    }
}

/// A form with all that an object has, for one more of its kind.
impl From<&Object> for CreateForm {
    fn from(object: &Object) -> Self {
        let (r, s) = (object.rotation, object.scale);
        Self {
            name: object.name.as_str().to_owned(),
            kind: object.kind.as_str().to_owned(),
            position: [object.x, object.y, object.z].map(|v| text::of_number(v.get())),
            rotation: [r.x, r.y, r.z].map(|v| text::of_number(v.get())),
            scale: [s.x, s.y, s.z].map(|v| text::of_number(v.get())),
            color: object.color.to_string(),
            opacity: text::of_number(object.opacity.get()),
            visible: object.visible,
            text: object.text.as_str().to_owned(),
            properties: object
                .properties
                .iter()
                .map(|(key, value)| (key.as_str().to_owned(), text::of_scalar(value)))
                .collect(),
        }
    }
}

/// A name without the number that [`free_name`] has put at its end.
#[must_use]
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => stem,
        _ => name,
    }
}

/// `stem-1`, `stem-2`, …: the first that is not taken. Two people may find the same one; the second
/// is then told so.
#[must_use]
pub fn free_name(stem: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let stem = if stem.is_empty() { "object" } else { stem };
    // Counting on from the number of objects ends at once in a session of numbered objects, where
    // counting from 1 would look at each of them.
    let taken = |n: usize| is_taken(&format!("{stem}-{n}"));
    let mut n = 1;
    let mut step = 1;
    while taken(n) {
        n += step;
        step *= 2;
    }
    // Back to the lowest free one in the last stride, so that numbers stay small.
    while n > 1 && !taken(n - 1) {
        n -= 1;
    }
    format!("{stem}-{n}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::{Session, SessionId, apply, reduce};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn session(names: &[&str]) -> Session {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut session = Session::new(id, None, 0, 0);
        for name in names {
            let form = CreateForm { name: (*name).to_owned(), ..CreateForm::default() };
            let limits = ModelLimits::default();
            let command = form.command(&session, &limits).expect("a valid form");
            let context = reduce::Context { at: 0, limits: &limits, expect_version: None };
            for event in vws_core::decide(&session, &command, &context).expect("it was judged") {
                let seq = session.seq() + 1;
                apply(&mut session, &event, seq, 0);
            }
        }
        session
    }

    fn refusals(form: &CreateForm, names: &[&str]) -> Vec<(String, &'static str, String)> {
        let refusals = form.command(&session(names), &ModelLimits::default()).expect_err("refused");
        refusals.iter().map(|(pointer, r)| (pointer.to_owned(), r.code, r.words.clone())).collect()
    }

    fn named(name: &str) -> CreateForm {
        CreateForm { name: name.to_owned(), ..CreateForm::default() }
    }

    #[test]
    fn each_fault_is_told_at_its_field_and_all_at_once() {
        let form = CreateForm {
            position: ["12.0000001".into(), "abc".into(), "0".into()],
            scale: ["1".into(), "0".into(), String::new()],
            color: "red".into(),
            ..named("a/b")
        };
        let found = refusals(&form, &[]);
        let at = |pointer: &str| {
            let (_, code, words) = found.iter().find(|(p, ..)| p == pointer).expect("a refusal there");
            (*code, words.as_str())
        };
        assert_eq!(at("/object/x"), ("coordinate_out_of_bounds", "x = 12.0000001 is outside [-12, 12]"));
        assert_eq!(at("/object/y"), ("type_mismatch", "expected a number, found the string \"abc\""));
        assert_eq!(at("/object/scale/y"), ("scale_out_of_range", "scale.y = 0 is outside (0, 1000]"));
        assert_eq!(at("/object/scale/z"), ("missing_field", "the field \"z\" is missing"));
        assert_eq!(at("/object/color").0, "color_invalid");
        assert_eq!(at("/object/name").0, "name_invalid");
        assert_eq!(found.len(), 6);
    }

    #[test]
    fn a_taken_name_is_told_while_typing() {
        let found = refusals(&named("a"), &["a"]);
        assert_eq!(found, [("/object/name".into(), "object_exists", "object \"a\" exists already".into())]);
    }

    #[test]
    fn a_property_key_given_twice_is_refused() {
        let row = ("k".to_owned(), "1".to_owned());
        let found = refusals(&CreateForm { properties: vec![row.clone(), row], ..named("a") }, &[]);
        assert_eq!((found[0].0.as_str(), found[0].1), ("/object/properties", "duplicate_key"));
    }

    #[test]
    fn an_empty_property_row_is_no_property() {
        let form = CreateForm { properties: vec![(String::new(), String::new())], ..named("a") };
        let command = form.command(&session(&[]), &ModelLimits::default());
        assert!(matches!(command, Ok(Command::CreateObject { object }) if object.properties.is_none()));
    }

    #[test]
    fn a_free_name_counts_on_from_those_that_are_there() {
        let taken = |name: &str| ["cube-1", "cube-2"].contains(&name);
        assert_eq!(free_name(stem("cube-1"), taken), "cube-3");
        assert_eq!(free_name(stem("lamp"), taken), "lamp-1");
        assert_eq!(free_name(stem(""), taken), "object-1");
        assert_eq!(free_name(stem("a-"), taken), "a--1");
    }
}
