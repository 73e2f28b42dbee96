//! JSON Schemas of the values that carry a rule, as exact as JSON Schema can be.
//!
//! Two rules have no words there and are told in the descriptions: a length in bytes of UTF-8 (given
//! as a length in characters, which is never less strict than what ASCII text meets), and the bytes of
//! an object's properties in all.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::command::ScaleInput;
use crate::limits::{
    CLIENT_ID_CHARS, DISPLAY_NAME_CHARS, OBJECT_NAME_BYTES, OBJECT_TYPE_CHARS, PROPERTY_COUNT, SUBJECT_BYTES,
    TEXT_CHARS,
};
use crate::model::{
    Bounded, ClientId, Color, DisplayName, Label, ObjectName, ObjectType, Partial3, Properties, PropertyKey,
    Range, Scalar, Scale, SessionId, Subject,
};
use crate::session::Digest;

/// C0, DEL, C1, and Unicode's `Bidi_Control` characters.
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069";
/// Unicode's `White_Space` characters that are no controls.
const SPACES: &str = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// Text without controls and without white space at either end.
fn name_pattern(also_refused: &str, lookahead: &str) -> String {
    let inner = format!("[^{CONTROLS}{also_refused}]");
    let outer = format!("[^{CONTROLS}{SPACES}{also_refused}]");
    format!("^{lookahead}{outer}(?:{inner}*{outer})?$")
}

fn text(description: &str, min: usize, max: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .min_length((min > 0).then_some(min))
        .max_length(Some(max))
}

impl<R: Range> PartialSchema for Bounded<R> {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(if R::WHOLE { Type::Integer } else { Type::Number })
            .maximum(Some(R::MAX));
        let number =
            if R::OPEN_BELOW { number.exclusive_minimum(Some(R::MIN)) } else { number.minimum(Some(R::MIN)) };
        number.into()
    }
}

impl<R: Range> ToSchema for Bounded<R> {
    fn name() -> Cow<'static, str> {
        R::NAME.into()
    }
}

/// An object of the model. utoipa takes a type of that very name for any JSON object.
pub type Thing = crate::model::Object;

/// What a patch says of an object's properties: keys to set, and with null keys to remove.
#[derive(Debug)]
pub enum PropertiesPatch {}

fn properties(description: &str, value: RefOr<Schema>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .max_properties(Some(PROPERTY_COUNT))
        .property_names(Some(Schema::Object(property_key().build())))
        .additional_properties(Some(AdditionalProperties::RefOr(value)))
}

fn property_key() -> ObjectBuilder {
    text("At most 128 bytes of UTF-8.", 1, PropertyKey::MAX_BYTES)
        .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
}

fn of(kind: Type) -> Object {
    ObjectBuilder::new().schema_type(kind).build()
}

macro_rules! schemas {
    ($($type:ty => $schema:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }
        impl ToSchema for $type {}
    )*};
}

schemas! {
    ObjectName => text("At most 128 bytes of UTF-8, compared as bytes.", 1, OBJECT_NAME_BYTES)
        .pattern(Some(name_pattern(r"/\\", r"(?!\.{1,2}$)")));
    DisplayName => text("Need not be unique.", 1, DISPLAY_NAME_CHARS).pattern(Some(name_pattern("", "")));
    ObjectType => text(
        "cube, sphere, cylinder, cone, plane, torus, light, text, model, or any other word of your own.",
        1,
        OBJECT_TYPE_CHARS,
    )
    .pattern(Some(name_pattern("", "")))
    .examples(["cube", "sphere", "text"]);
    Label => text("Line breaks are allowed.", 0, TEXT_CHARS)
        .pattern(Some(format!("^[^{}]*$", CONTROLS.replace(r"\u0000-\u001f", r"\u0000-\u0009\u000b-\u001f"))));
    Color => ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Opaque sRGB."))
        .pattern(Some("^#[0-9a-fA-F]{6}$"))
        .examples(["#5b8def"]);
    SessionId => ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A UUID in lower case."))
        .pattern(Some("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"));
    ClientId => text("Names one client across its reconnects.", 1, CLIENT_ID_CHARS)
        .pattern(Some("^[A-Za-z0-9._:-]*$"));
    Subject => text("Who somebody is, as the issuer of their token says: at most 128 bytes of UTF-8.", 1, SUBJECT_BYTES)
        .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"));
    Digest => ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A 64-bit hash of a session's content."))
        .pattern(Some("^[0-9a-f]{16}$"));
    PropertyKey => property_key();
    Scalar => OneOfBuilder::new()
        .item(of(Type::String))
        .item(of(Type::Number))
        .item(of(Type::Boolean))
        .description(Some("A string, a number or a boolean."));
    Properties => properties("User data, never interpreted: at most 4096 bytes in all.", Scalar::schema());
    PropertiesPatch => properties(
        "Keys to set, and with null keys to remove.",
        OneOfBuilder::new()
            .item(of(Type::String))
            .item(of(Type::Number))
            .item(of(Type::Boolean))
            .item(of(Type::Null))
            .into(),
    );
}

impl PartialSchema for ScaleInput {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(Scale::schema())
            .item(Partial3::<Scale>::schema())
            .description(Some("One factor for all axes, or factors by axis."))
            .into()
    }
}

impl ToSchema for ScaleInput {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Scale::name().into_owned(), Scale::schema()));
    }
}
