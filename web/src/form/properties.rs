//! The properties of objects, each with a value of one of three types.

use std::collections::BTreeMap;

use serde_json::Number;
use vws_core::command::{Change, ObjectPatch};
use vws_core::error::RequestError;
use vws_core::limits::ModelLimits;
use vws_core::model::Scalar;
use vws_core::reduce::State;
use vws_core::{Command, Object, ObjectName};

use super::{Refusal, several, text};

/// The type of a property's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Any characters.
    Text,
    /// A finite number.
    Number,
    /// Yes or no.
    Boolean,
}

impl Type {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Text, Self::Number, Self::Boolean];

    /// The type of a value.
    #[must_use]
    pub const fn of(value: &Scalar) -> Self {
        match value {
            Scalar::Bool(_) => Self::Boolean,
            Scalar::Number(_) => Self::Number,
            Scalar::String(_) => Self::Text,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "yes/no",
        }
    }

    /// The type of this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).unwrap_or(Self::Text)
    }

    /// The value that a text says; `now` is what a relative number goes on from.
    ///
    /// # Errors
    /// That the text is no value of the type, in core's words.
    pub fn read(self, text: &str, now: Option<&Scalar>) -> Result<Scalar, Refusal> {
        match self {
            Self::Text => Ok(Scalar::String(text.into())),
            Self::Number => number(text, now).map_err(Into::into),
            Self::Boolean => match text {
                "true" => Ok(Scalar::Bool(true)),
                "false" => Ok(Scalar::Bool(false)),
                other => Err(RequestError::TypeMismatch {
                    expected: "a boolean".to_owned(),
                    found: format!("the string {other:?}"),
                }
                .into()),
            },
        }
    }

    /// A value of this type that says about the same as another one.
    #[must_use]
    pub fn like(self, value: &Scalar) -> Scalar {
        let shown = shown(value);
        match self {
            Self::Text => Scalar::String(shown.into()),
            Self::Number => number(&shown, None).unwrap_or_else(|_| {
                Scalar::Number(Number::from(u8::from(matches!(value, Scalar::Bool(true)))))
            }),
            Self::Boolean => Scalar::Bool(match value {
                Scalar::Bool(value) => *value,
                Scalar::Number(number) => number.as_f64() != Some(0.0),
                Scalar::String(text) => matches!(&**text, "true" | "yes"),
            }),
        }
    }
}

/// A number as it is written, so that whole ones stay whole; else the value of a sum.
fn number(text: &str, now: Option<&Scalar>) -> Result<Scalar, RequestError> {
    if let Ok(number) = serde_json::from_str::<Number>(text.trim()) {
        return Ok(Scalar::Number(number));
    }
    let now = match now {
        Some(Scalar::Number(number)) => number.as_f64().unwrap_or_default(),
        _ => 0.0,
    };
    let value = text::number_from("value", now, text)?;
    // A sum of whole numbers is one.
    let whole = format!("{value}");
    let number = serde_json::from_str(&whole).ok().or_else(|| Number::from_f64(value));
    number.map(Scalar::Number).ok_or(RequestError::NumberNotFinite { value: whole })
}

/// A value as the field of its type shows it.
#[must_use]
pub fn shown(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(value) => value.to_string(),
        Scalar::String(value) => value.as_ref().to_owned(),
    }
}

fn patch(entries: impl IntoIterator<Item = (String, Option<Scalar>)>) -> ObjectPatch {
    let properties: BTreeMap<_, _> = entries.into_iter().collect();
    ObjectPatch { properties: Change::Set(properties), ..ObjectPatch::default() }
}

/// The command that gives a property of each object the value that `value` makes of the one it has.
///
/// # Errors
/// The refusal of the server.
pub fn set<S: State>(
    state: &S,
    names: &[ObjectName],
    key: &str,
    value: impl Fn(Option<&Scalar>) -> Result<Scalar, Refusal>,
    limits: &ModelLimits,
) -> Result<Command, Refusal> {
    several::update(state, names, limits, |object| {
        let value = value(object.properties.get(key))?;
        Ok(Some(patch([(key.to_owned(), Some(value))])))
    })
}

/// The command that takes a property away from each object that has it.
///
/// # Errors
/// The refusal of the server.
pub fn remove<S: State>(
    state: &S,
    names: &[ObjectName],
    key: &str,
    limits: &ModelLimits,
) -> Result<Command, Refusal> {
    several::update(state, names, limits, |object| {
        Ok(object.properties.get(key).map(|_| patch([(key.to_owned(), None)])))
    })
}

/// The command that gives a property another key in each object that has it.
///
/// # Errors
/// The refusal of the server; a key that one of them has already is refused too (`duplicate_key`).
pub fn rename<S: State>(
    state: &S,
    names: &[ObjectName],
    key: &str,
    new_key: &str,
    limits: &ModelLimits,
) -> Result<Command, Refusal> {
    several::update(state, names, limits, |object| {
        let Some(value) = object.properties.get(key).filter(|_| key != new_key) else { return Ok(None) };
        if object.properties.get(new_key).is_some() {
            return Err(RequestError::DuplicateKey { field: new_key.to_owned() }.into());
        }
        Ok(Some(patch([(key.to_owned(), None), (new_key.to_owned(), Some(value.clone()))])))
    })
}

/// A property that some of the objects have.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: String,
    /// Its value, where all of them have it and have the same.
    pub value: Option<Scalar>,
    /// Its type, where it is the same in all that have it.
    pub kind: Option<Type>,
}

/// The properties of these objects, in the order of their keys; at most `most` of them.
#[must_use]
pub fn rows<'a>(objects: impl Iterator<Item = &'a Object>, most: usize) -> Vec<Row> {
    let mut rows: BTreeMap<&'a str, (usize, Option<&'a Scalar>, Option<Type>)> = BTreeMap::new();
    let mut count = 0;
    for object in objects {
        count += 1;
        for (key, value) in object.properties.iter() {
            let has_room = rows.len() < most;
            match rows.get_mut(key.as_str()) {
                Some((seen, same, kind)) => {
                    *seen += 1;
                    *same = same.filter(|other| *other == value);
                    *kind = kind.filter(|kind| *kind == Type::of(value));
                }
                None if has_room => {
                    rows.insert(key.as_str(), (1, Some(value), Some(Type::of(value))));
                }
                None => {}
            }
        }
    }
    let row = |(key, (seen, same, kind)): (&str, (usize, Option<&Scalar>, Option<Type>))| Row {
        key: key.to_owned(),
        value: same.filter(|_| seen == count).cloned(),
        kind,
    };
    rows.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::several::tests::{after, names, session};
    use super::*;
    use vws_core::Session;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const LIMITS: fn() -> ModelLimits = ModelLimits::default;

    fn text(value: &str) -> Scalar {
        Scalar::String(value.into())
    }

    fn with(state: Session, names: &[ObjectName], key: &str, value: &Scalar) -> Session {
        let command = set(&state, names, key, |_| Ok(value.clone()), &LIMITS()).expect("valid");
        after(state, &command)
    }

    fn json(state: &Session) -> String {
        let properties: Vec<_> = state.objects().map(|object| &object.properties).collect();
        serde_json::to_string(&properties).expect("properties have a JSON")
    }

    #[test]
    fn web32_values_are_read_by_their_type() {
        let read = |kind: Type, text: &str| kind.read(text, None).map_err(|r| r.code);
        assert_eq!(read(Type::Text, "5"), Ok(text("5")));
        assert_eq!(read(Type::Number, "5"), Ok(Scalar::Number(5.into())));
        assert_eq!(read(Type::Number, "2*3"), Ok(Scalar::Number(6.into())));
        assert_eq!(
            read(Type::Number, "12345678901234567"),
            Ok(Scalar::Number(12_345_678_901_234_567_u64.into()))
        );
        assert_eq!(read(Type::Number, "five"), Err("type_mismatch"));
        assert_eq!(read(Type::Number, ""), Err("missing_field"));
        assert_eq!(read(Type::Boolean, "true"), Ok(Scalar::Bool(true)));
        assert_eq!(read(Type::Boolean, "maybe"), Err("type_mismatch"));
        assert_eq!(
            Type::Number.read("+=2", Some(&Scalar::Number(5.into()))).ok(),
            Some(Scalar::Number(7.into()))
        );
    }

    #[test]
    fn web32_another_type_keeps_what_it_can() {
        assert_eq!(Type::Number.like(&text("12")), Scalar::Number(12.into()));
        assert_eq!(Type::Number.like(&text("a")), Scalar::Number(0.into()));
        assert_eq!(Type::Number.like(&Scalar::Bool(true)), Scalar::Number(1.into()));
        assert_eq!(Type::Boolean.like(&text("yes")), Scalar::Bool(true));
        assert_eq!(Type::Boolean.like(&Scalar::Number(0.into())), Scalar::Bool(false));
        assert_eq!(Type::Text.like(&Scalar::Bool(false)), text("false"));
        for kind in Type::ALL {
            assert_eq!(Type::named(kind.as_str()), kind);
        }
    }

    #[test]
    fn web32_properties_are_set_renamed_and_taken_away_in_all() {
        let (state, both) = (session(&[("a", 0.0), ("b", 0.0)]), names("a b"));
        let state = with(state, &both, "k", &Scalar::Bool(true));
        assert_eq!(json(&state), r#"[{"k":true},{"k":true}]"#);
        let state = with(state, &both[..1], "l", &text("5"));
        let renamed = rename(&state, &both, "l", "m", &LIMITS()).expect("valid");
        let state = after(state, &renamed);
        assert_eq!(json(&state), r#"[{"k":true,"m":"5"},{"k":true}]"#);
        let taken = rename(&state, &both, "k", "m", &LIMITS()).expect_err("refused");
        assert_eq!((taken.code, taken.words.as_str()), ("duplicate_key", r#"the key "m" is given twice"#));
        let removal = remove(&state, &both, "k", &LIMITS()).expect("valid");
        assert_eq!(json(&after(state, &removal)), r#"[{"m":"5"},{}]"#);
    }

    #[test]
    fn web32_bounds_are_told_in_cores_words() {
        let state = session(&[("a", 0.0)]);
        let a = names("a");
        let refused = |key: &str, value: &str| {
            set(&state, &a, key, |_| Ok(text(value)), &LIMITS()).expect_err("refused").code
        };
        assert_eq!(refused("", "1"), "property_invalid");
        assert_eq!(refused("k", &"x".repeat(5_000)), "properties_too_large");
    }

    #[test]
    fn web32_several_show_what_they_have_in_common() {
        let (state, both) = (session(&[("a", 0.0), ("b", 0.0)]), names("a b"));
        let state = with(state, &both, "same", &text("x"));
        let state = with(state, &both[..1], "one", &text("x"));
        let state = with(state, &both[..1], "type", &text("1"));
        let state = with(state, &both[1..], "type", &Scalar::Number(1.into()));
        let objects = || state.objects().map(|object| &**object);
        let found: Vec<_> =
            rows(objects(), 9).into_iter().map(|row| (row.key, row.value, row.kind)).collect();
        assert_eq!(
            found,
            [
                ("one".to_owned(), None, Some(Type::Text)),
                ("same".to_owned(), Some(text("x")), Some(Type::Text)),
                ("type".to_owned(), None, None),
            ]
        );
        assert_eq!(rows(objects(), 2).len(), 2, "it is bounded");
    }
}
