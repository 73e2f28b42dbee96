//! Every refusal, with a stable code to branch on and a message to read.
//!
//! One [`Error`] is one broken rule. A [`Rejection`] is what a command or a request is refused
//! with: one or more errors, each at the field that it is about. A [`Problem`] is a rejection on
//! the wire.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error as ThisError;

use crate::model::{Role, Seq, SessionId};
pub use crate::transfer::TransferError;

/// A number outside its range.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfRange {
    /// What the number is called: `x`, `rotation.y`.
    pub field: String,
    /// What was given.
    pub value: f64,
    /// The least value allowed.
    pub min: f64,
    /// The greatest value allowed.
    pub max: f64,
    /// Whether `min` itself is refused.
    pub open_below: bool,
    /// Whether only whole numbers are allowed.
    pub whole: bool,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, value, min, max, open_below, whole } = self;
        let bracket = if *open_below { '(' } else { '[' };
        if *whole && value.fract() != 0.0 && value.is_finite() {
            write!(f, "{field} = {value} is not a whole number in {bracket}{min}, {max}]")
        } else {
            write!(f, "{field} = {value} is outside {bracket}{min}, {max}]")
        }
    }
}

/// What is wrong with a piece of text.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum NameFault {
    /// Nothing is there.
    #[error("is empty")]
    Empty,
    /// Longer than allowed.
    #[error("has {length} {unit}, more than {max}")]
    TooLong {
        /// What was counted.
        length: usize,
        /// The most allowed.
        max: usize,
        /// What is counted: bytes or characters.
        unit: &'static str,
    },
    /// A character that is not allowed there.
    #[error("has the character U+{:04X}, which is not allowed", u32::from(*.0))]
    Character(char),
    /// White space at an end.
    #[error("begins or ends with white space")]
    OuterSpace,
    /// A name with a meaning of its own.
    #[error("is reserved")]
    Reserved,
}

/// About a session, its clients or its history.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum SessionError {
    /// No session has this id.
    #[error("session {id} does not exist")]
    NotFound {
        /// The id that was asked for.
        id: SessionId,
    },
    /// The id is not a lower-case hyphenated UUID.
    #[error("session id {} is not a lower-case hyphenated UUID", quoted(.value))]
    IdInvalid {
        /// What was given.
        value: String,
    },
    /// The client id breaks its rule.
    #[error("client_id = {} is not 1 to 64 characters of A-Z a-z 0-9 . _ : -", quoted(.value))]
    ClientIdInvalid {
        /// What was given.
        value: String,
    },
    /// The display name breaks its rule.
    #[error("{field} = {} {fault}", quoted(.value))]
    NameInvalid {
        /// Which name.
        field: String,
        /// What was given.
        value: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The session's state has not arrived yet, so nothing can be judged against it.
    #[error("the session has not been loaded yet")]
    NotReady,
    /// A presence value is out of its range.
    #[error("{0}")]
    PresenceOutOfRange(OutOfRange),
    /// Who asks is not trusted with it.
    #[error("the role {role} may not change this session; it takes {needed}")]
    Forbidden {
        /// The role that there is.
        role: Role,
        /// The least role that may.
        needed: Role,
    },
    /// What the change was based on is not the present state.
    #[error("{target} has version {actual}, not the expected {expected}")]
    VersionMismatch {
        /// What the command is about.
        target: String,
        /// The version that the client has seen.
        expected: Seq,
        /// The present version.
        actual: Seq,
    },
}

/// About an object.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum ObjectError {
    /// No object has this name.
    #[error("object {} does not exist", quoted(.name))]
    NotFound {
        /// The name that was asked for.
        name: String,
    },
    /// The name is taken.
    #[error("object {} exists already", quoted(.name))]
    Exists {
        /// The name.
        name: String,
    },
    /// The name breaks its rule.
    #[error("{field} = {} {fault}", quoted(.value))]
    NameInvalid {
        /// Which name.
        field: String,
        /// What was given.
        value: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The type breaks its rule.
    #[error("type = {} {fault}", quoted(.value))]
    TypeInvalid {
        /// What was given.
        value: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// The text breaks its rule.
    #[error("{field} = {} {fault}", quoted(.value))]
    TextInvalid {
        /// Which text.
        field: String,
        /// What was given.
        value: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// Not a colour.
    #[error("{field} = {} is not a colour of the form #rrggbb", quoted(.value))]
    ColorInvalid {
        /// Which colour.
        field: String,
        /// What was given.
        value: String,
    },
    /// A rotation component out of its range.
    #[error("{0}")]
    RotationOutOfRange(OutOfRange),
    /// A scale component out of its range.
    #[error("{0}")]
    ScaleOutOfRange(OutOfRange),
    /// An opacity or a transparency out of its range.
    #[error("{0}")]
    FractionOutOfRange(OutOfRange),
    /// A property key breaks its rule.
    #[error("property {} {fault}", quoted(.key))]
    PropertyInvalid {
        /// The key.
        key: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// More properties than an object may have.
    #[error("properties have {count} entries, more than {max}")]
    TooManyProperties {
        /// How many there would be.
        count: usize,
        /// The most allowed.
        max: usize,
    },
    /// Larger properties than an object may have.
    #[error("properties have {bytes} bytes, more than {max}")]
    PropertiesTooLarge {
        /// How many there would be.
        bytes: usize,
        /// The most allowed.
        max: usize,
    },
}

/// About a position. The boundary is universal: the same rule and words on every path.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum CoordinateError {
    /// Outside [-12, 12], or not finite.
    #[error("{0}")]
    OutOfBounds(OutOfRange),
}

/// About the world or its camera.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum WorldError {
    /// The grid's size is out of its range.
    #[error("{0}")]
    SizeOutOfRange(OutOfRange),
    /// The camera or its target is out of its range.
    #[error("{0}")]
    CameraOutOfBounds(OutOfRange),
    /// The field of view is out of its range.
    #[error("{0}")]
    FovOutOfRange(OutOfRange),
    /// An orbit's radius, speed or elevation is out of its range.
    #[error("{0}")]
    OrbitOutOfRange(OutOfRange),
}

/// More than there is room for.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum LimitError {
    /// The session is full.
    #[error("the session would have {count} objects, more than {max}")]
    TooManyObjects {
        /// How many there would be.
        count: u64,
        /// The most allowed.
        max: u64,
    },
    /// The batch is too long.
    #[error("the batch has {count} commands, more than {max}")]
    TooManyCommands {
        /// How many there are.
        count: usize,
        /// The most allowed.
        max: usize,
    },
    /// The selection shown to peers is too long.
    #[error("the selection has {count} names, more than {max}")]
    SelectionTooLarge {
        /// How many there are.
        count: usize,
        /// The most allowed.
        max: usize,
    },
    /// Too many commands wait for their acknowledgement.
    #[error("{count} commands wait for their acknowledgement, the most allowed")]
    TooManyPending {
        /// How many wait.
        count: usize,
    },
}

/// About the form of what was sent, before its meaning is looked at.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum RequestError {
    /// Not JSON, or not MessagePack.
    #[error("the {format} cannot be parsed: {detail}")]
    Malformed {
        /// JSON or MessagePack.
        format: &'static str,
        /// Where and why.
        detail: String,
    },
    /// A key that this place does not have.
    #[error("unknown field {}, expected one of {}", quoted(.field), .expected.join(", "))]
    UnknownField {
        /// The key.
        field: String,
        /// The keys that it does have.
        expected: &'static [&'static str],
    },
    /// One key twice.
    #[error("the key {} is given twice", quoted(.field))]
    DuplicateKey {
        /// The key.
        field: String,
    },
    /// A key that must be there is not.
    #[error("the field {} is missing", quoted(.field))]
    MissingField {
        /// The key.
        field: String,
    },
    /// null where a value must be.
    #[error("the field {} cannot be null: it has no default to go back to", quoted(.field))]
    FieldRequired {
        /// The key.
        field: String,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    TypeMismatch {
        /// What must be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A tag that names no command, event or message.
    #[error("unknown type {}, expected one of {}", quoted(.value), .expected.join(", "))]
    UnknownType {
        /// The tag.
        value: String,
        /// The tags there are.
        expected: &'static [&'static str],
    },
    /// NaN, an infinity, or a number too large to hold.
    #[error("{value} is not a finite number")]
    NumberNotFinite {
        /// What was given.
        value: String,
    },
    /// Nested deeper than allowed.
    #[error("values are nested deeper than {max}")]
    TooDeep {
        /// The most allowed.
        max: usize,
    },
    /// A value that breaks a rule of its own type.
    #[error("{detail}")]
    Invalid {
        /// What is wrong with it.
        detail: String,
    },
    /// A protocol version that this side does not speak.
    #[error("protocol = {found} is not spoken here, only {spoken}")]
    ProtocolUnknown {
        /// What was asked for.
        found: u64,
        /// What is spoken.
        spoken: u32,
    },
    /// A batch inside a batch.
    #[error("a batch cannot hold another batch")]
    NestedBatch,
}

/// A client's text as it is shown in a message: in quotes, control and bidi characters escaped, and
/// cut where it is long, so that a refusal is never as large as what it refuses.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        None => format!("{text:?}"),
        Some((at, _)) => format!("{:?}…", &text[..at]),
    }
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub enum Error {
    /// About a session, its clients or its history.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// About an object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// About a position.
    #[error(transparent)]
    Coordinate(#[from] CoordinateError),
    /// About the world or its camera.
    #[error(transparent)]
    World(#[from] WorldError),
    /// More than there is room for.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// About the form of what was sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// About a file that is imported.
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

impl Error {
    /// The stable name of the broken rule, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Session(e) => match e {
                SessionError::NotFound { .. } => "session_not_found",
                SessionError::IdInvalid { .. } => "session_id_invalid",
                SessionError::ClientIdInvalid { .. } => "client_id_invalid",
                SessionError::NameInvalid { .. } => "display_name_invalid",
                SessionError::NotReady => "not_ready",
                SessionError::PresenceOutOfRange(_) => "presence_out_of_range",
                SessionError::Forbidden { .. } => "forbidden",
                SessionError::VersionMismatch { .. } => "version_mismatch",
            },
            Self::Object(e) => match e {
                ObjectError::NotFound { .. } => "object_not_found",
                ObjectError::Exists { .. } => "object_exists",
                ObjectError::NameInvalid { .. } => "name_invalid",
                ObjectError::TypeInvalid { .. } => "object_type_invalid",
                ObjectError::TextInvalid { .. } => "text_invalid",
                ObjectError::ColorInvalid { .. } => "color_invalid",
                ObjectError::RotationOutOfRange(_) => "rotation_out_of_range",
                ObjectError::ScaleOutOfRange(_) => "scale_out_of_range",
                ObjectError::FractionOutOfRange(_) => "fraction_out_of_range",
                ObjectError::PropertyInvalid { .. } => "property_invalid",
                ObjectError::TooManyProperties { .. } => "too_many_properties",
                ObjectError::PropertiesTooLarge { .. } => "properties_too_large",
            },
            Self::Coordinate(CoordinateError::OutOfBounds(_)) => "coordinate_out_of_bounds",
            Self::World(e) => match e {
                WorldError::SizeOutOfRange(_) => "world_size_out_of_range",
                WorldError::CameraOutOfBounds(_) => "camera_out_of_bounds",
                WorldError::FovOutOfRange(_) => "fov_out_of_range",
                WorldError::OrbitOutOfRange(_) => "orbit_out_of_range",
            },
            Self::Limit(e) => match e {
                LimitError::TooManyObjects { .. } => "too_many_objects",
                LimitError::TooManyCommands { .. } => "too_many_commands",
                LimitError::SelectionTooLarge { .. } => "selection_too_large",
                LimitError::TooManyPending { .. } => "too_many_pending",
            },
            Self::Request(e) => match e {
                RequestError::Malformed { .. } => "malformed",
                RequestError::UnknownField { .. } => "unknown_field",
                RequestError::DuplicateKey { .. } => "duplicate_key",
                RequestError::MissingField { .. } => "missing_field",
                RequestError::FieldRequired { .. } => "field_required",
                RequestError::TypeMismatch { .. } => "type_mismatch",
                RequestError::UnknownType { .. } => "unknown_type",
                RequestError::NumberNotFinite { .. } => "number_not_finite",
                RequestError::TooDeep { .. } => "too_deep",
                RequestError::Invalid { .. } => "invalid_value",
                RequestError::ProtocolUnknown { .. } => "protocol_unknown",
                RequestError::NestedBatch => "nested_batch",
            },
            Self::Transfer(e) => match e {
                TransferError::FormatUnknown { .. } => "format_unknown",
                TransferError::VersionUnknown { .. } => "format_version_unknown",
                TransferError::DigestMismatch { .. } => "digest_mismatch",
                TransferError::SumMismatch { .. } | TransferError::SumMissing => "checksum_mismatch",
                TransferError::CutShort { .. } => "cut_short",
                TransferError::ValueTooLarge { .. } => "value_too_large",
                TransferError::OutOfOrder { .. } => "event_out_of_order",
                TransferError::CountMismatch { .. } => "count_mismatch",
            },
        }
    }
}

/// One error at its field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field, from the root of what was refused; empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub error: Error,
}

/// Why a command or a request was refused. Nothing of it took effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// Never empty.
    errors: Vec<FieldError>,
}

impl Rejection {
    /// A rejection for one reason at one field.
    #[must_use]
    pub fn at(pointer: impl Into<String>, error: impl Into<Error>) -> Self {
        Self { errors: vec![FieldError { pointer: pointer.into(), error: error.into() }] }
    }

    /// Every error, in the order found.
    pub fn errors(&self) -> impl Iterator<Item = &FieldError> {
        self.errors.iter()
    }

    /// Every error, in the order found.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// The error that names the rejection: the first one.
    #[must_use]
    pub fn primary(&self) -> &Error {
        &self.errors[0].error
    }

    /// The code of the [primary](Self::primary) error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.primary().code()
    }

    /// The same errors, `prefix` put before each pointer.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for error in &mut self.errors {
            error.pointer.insert_str(0, prefix);
        }
        self
    }

    /// The same errors with pointers from the value at `base` where they are inside it: what a
    /// route whose body is that value tells its client.
    #[must_use]
    pub fn relative_to(mut self, base: &str) -> Self {
        for error in &mut self.errors {
            if let Some(inner) = error.pointer.strip_prefix(base)
                && (inner.is_empty() || inner.starts_with('/'))
            {
                error.pointer = inner.to_owned();
            }
        }
        self
    }

    /// The rejection as it travels.
    #[must_use]
    pub fn to_problem(&self) -> Problem {
        Problem {
            code: self.code().to_owned(),
            detail: self.to_string(),
            errors: self
                .errors()
                .map(|e| ProblemField {
                    line: None,
                    pointer: e.pointer.clone(),
                    code: e.error.code().to_owned(),
                    detail: e.error.to_string(),
                })
                .collect(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}", field.error)?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}

impl<E: Into<Error>> From<E> for Rejection {
    fn from(error: E) -> Self {
        Self::at("", error)
    }
}

/// A rejection on the wire. Over REST the server adds what RFC 9457 asks for beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The stable name of the first broken rule.
    pub code: String,
    /// All that is wrong, for a person.
    pub detail: String,
    /// Each broken rule at its field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

impl Problem {
    /// The code of a retry whose outcome the server no longer keeps. It is not done again, and may have
    /// taken effect at its first try or not.
    pub const COMMAND_ID_EXPIRED: &str = "command_id_expired";
    /// The code of a command of which the server was never told whether its log has it. Of all refusals this and
    /// [`COMMAND_ID_EXPIRED`](Self::COMMAND_ID_EXPIRED) alone do not mean that it changed nothing.
    pub const OUTCOME_UNKNOWN: &str = "outcome_unknown";
    /// Codes that tell how the server is, and nothing of the command: this try changed nothing. What became of an
    /// earlier one, at another server perhaps, they do not tell.
    pub const OF_THE_SERVER: [&str; 6] = [
        "log_unavailable",
        "memory_low",
        "server_behind",
        "session_contended",
        "session_damaged",
        "session_newer",
    ];

    /// Whether a command that is refused with this may have taken effect all the same, where it `was_sent` once before.
    #[must_use]
    pub fn leaves_open(&self, was_sent: bool) -> bool {
        let code = self.code.as_str();
        let never_told = [Self::COMMAND_ID_EXPIRED, Self::OUTCOME_UNKNOWN].contains(&code);
        never_told || was_sent && Self::OF_THE_SERVER.contains(&code)
    }
}

/// One broken rule on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProblemField {
    /// The line of the file that the wrong value begins on, where a file was read; the first is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// JSON pointer to the field; empty for the whole.
    pub pointer: String,
    /// The stable name of the broken rule.
    pub code: String,
    /// What is wrong there: field, value and bound.
    pub detail: String,
}

/// Gathers errors while a value is checked, so that a form hears of all its faults at once.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    found: Vec<FieldError>,
}

impl Faults {
    /// The value, or `None` with the error noted at `pointer`.
    pub(crate) fn take<T, E: Into<Error>>(
        &mut self,
        pointer: impl Into<String>,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(pointer, error)).ok()
    }

    /// The same with a pointer that is written only where there is a fault: hardly ever.
    pub(crate) fn take_at<T, E: Into<Error>>(
        &mut self,
        pointer: impl FnOnce() -> String,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add(pointer(), error)).ok()
    }

    pub(crate) fn add(&mut self, pointer: impl Into<String>, error: impl Into<Error>) {
        self.found.push(FieldError { pointer: pointer.into(), error: error.into() });
    }

    /// `value`, which is there when no fault was found.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Rejection> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                debug_assert!(!self.found.is_empty(), "a value is missing only where a fault was noted");
                Err(Rejection { errors: self.found })
            }
        }
    }
}
