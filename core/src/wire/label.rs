//! What a message is called, read past all that is wrong with the rest of it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Unexpected, Visitor};

use super::tree::Tree;
use crate::limits::SAFE_INTEGER;

/// The fields `type` and `id` of a message. Anything may be in the others, as long as it has an end.
#[derive(Debug, Default)]
pub(super) struct Label {
    pub(super) tag: Option<String>,
    /// A valid id of a command.
    pub(super) id: Option<u64>,
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Label;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Label, A::Error> {
        let mut label = Label::default();
        while let Some(key) = fields.next_key::<String>()? {
            let known = match key.as_str() {
                "type" => label.tag.replace(fields.next_value()?).is_some(),
                // However it is written: 5.0 is 5.
                "id" => label
                    .id
                    .replace(command_id(fields.next_value::<Tree>()?).map_err(A::Error::custom)?)
                    .is_some(),
                _ => fields.next_value::<IgnoredAny>().map(|_| false)?,
            };
            if known {
                return Err(A::Error::custom("it is called by two names"));
            }
        }
        Ok(label)
    }
}

/// Reads the id of a command: 1, 2, 3 … as far as every client can count. 0 is not one: a refusal that is
/// about no command has it.
///
/// # Errors
/// For any other value.
pub fn command_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let id = u64::deserialize(deserializer)?;
    if (1..=SAFE_INTEGER).contains(&id) {
        return Ok(id);
    }
    let expected = format!("a whole number in [1, {SAFE_INTEGER}]");
    Err(D::Error::invalid_value(Unexpected::Unsigned(id), &expected.as_str()))
}
