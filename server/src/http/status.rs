//! The HTTP status of everything that core refuses: the only place that knows both.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use vws_core::error::{
    CoordinateError, Error, LimitError, ObjectError, Rejection, RequestError, SessionError, TransferError,
    WorldError,
};

use super::problem::Problem;
use crate::assets::AssetError;
use crate::store::StoreError;

const ONE_SECOND: HeaderValue = HeaderValue::from_static("1");
/// Memory comes back as sessions leave it, which takes longer.
const TEN_SECONDS: HeaderValue = HeaderValue::from_static("10");

/// Exhaustive, so that a new error has to be given a status.
const fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Session(error) => match error {
            SessionError::NotFound { .. } => StatusCode::NOT_FOUND,
            SessionError::IdInvalid { .. } => StatusCode::BAD_REQUEST,
            SessionError::Forbidden { .. } => StatusCode::FORBIDDEN,
            SessionError::VersionMismatch { .. } => StatusCode::CONFLICT,
            // A client's own word: a server's session is always loaded.
            SessionError::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            SessionError::ClientIdInvalid { .. }
            | SessionError::NameInvalid { .. }
            | SessionError::PresenceOutOfRange(_) => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Error::Object(error) => match error {
            ObjectError::NotFound { .. } => StatusCode::NOT_FOUND,
            ObjectError::Exists { .. } => StatusCode::CONFLICT,
            ObjectError::NameInvalid { .. }
            | ObjectError::TypeInvalid { .. }
            | ObjectError::TextInvalid { .. }
            | ObjectError::ColorInvalid { .. }
            | ObjectError::RotationOutOfRange(_)
            | ObjectError::ScaleOutOfRange(_)
            | ObjectError::FractionOutOfRange(_)
            | ObjectError::PropertyInvalid { .. }
            | ObjectError::TooManyProperties { .. }
            | ObjectError::PropertiesTooLarge { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Error::Coordinate(CoordinateError::OutOfBounds(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::World(
            WorldError::SizeOutOfRange(_)
            | WorldError::CameraOutOfBounds(_)
            | WorldError::FovOutOfRange(_)
            | WorldError::OrbitOutOfRange(_),
        ) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Limit(error) => match error {
            LimitError::TooManyObjects { .. } | LimitError::TooManyPending { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            LimitError::TooManyCommands { .. } | LimitError::SelectionTooLarge { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
        },
        Error::Request(error) => match error {
            // What cannot be read as one JSON value.
            RequestError::Malformed { .. }
            | RequestError::DuplicateKey { .. }
            | RequestError::TooDeep { .. } => StatusCode::BAD_REQUEST,
            // What can be read, but means nothing here.
            RequestError::UnknownField { .. }
            | RequestError::MissingField { .. }
            | RequestError::FieldRequired { .. }
            | RequestError::TypeMismatch { .. }
            | RequestError::UnknownType { .. }
            | RequestError::NumberNotFinite { .. }
            | RequestError::Invalid { .. }
            | RequestError::NestedBatch
            | RequestError::ProtocolUnknown { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        },
        Error::Transfer(
            TransferError::FormatUnknown { .. }
            | TransferError::VersionUnknown { .. }
            | TransferError::DigestMismatch { .. }
            | TransferError::SumMismatch { .. }
            | TransferError::SumMissing
            | TransferError::CutShort { .. }
            | TransferError::ValueTooLarge { .. }
            | TransferError::OutOfOrder { .. }
            | TransferError::CountMismatch { .. },
        ) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self::from_core(status_of(rejection.primary()), rejection.to_problem())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Rejection::from(error).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (status, code) = match &error {
            StoreError::Rejected(rejection) => return rejection.clone().into(),
            StoreError::TooManySessions { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_sessions"),
            StoreError::TooManySubscribers { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_subscribers"),
            StoreError::CommandIdExpired { .. } => (StatusCode::CONFLICT, "command_id_expired"),
            StoreError::HistoryGone { .. } => (StatusCode::GONE, "history_gone"),
            StoreError::NotYet { .. }
            | StoreError::BeforeItBegan { .. }
            | StoreError::BeforeTheCopy { .. } => (StatusCode::NOT_FOUND, "moment_not_found"),
            StoreError::SessionDamaged { .. } => (StatusCode::SERVICE_UNAVAILABLE, "session_damaged"),
            StoreError::SessionNewer { .. } => (StatusCode::SERVICE_UNAVAILABLE, "session_newer"),
            StoreError::Asset(error) => (
                match error {
                    AssetError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                    AssetError::NotFound { .. } => StatusCode::NOT_FOUND,
                    AssetError::TooMany { .. } | AssetError::TooLarge { .. } => StatusCode::TOO_MANY_REQUESTS,
                    AssetError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                },
                error.code(),
            ),
            StoreError::MemoryLow => (StatusCode::SERVICE_UNAVAILABLE, "memory_low"),
            StoreError::LogUnavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "log_unavailable"),
            StoreError::OutcomeUnknown(_) => (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown"),
            StoreError::Contended { .. } => (StatusCode::SERVICE_UNAVAILABLE, "session_contended"),
            StoreError::Behind { .. } => (StatusCode::SERVICE_UNAVAILABLE, "server_behind"),
        };
        // As over the WebSocket: what the log says is for the operator.
        let problem = Self::new(status, code, error.to_problem().detail);
        match error {
            // Places come free as others leave; a server that is behind, or was slower than others, catches up.
            StoreError::TooManySubscribers { .. }
            | StoreError::OutcomeUnknown(_)
            | StoreError::Contended { .. }
            | StoreError::Behind { .. } => problem.with_header(RETRY_AFTER, ONE_SECOND),
            StoreError::MemoryLow => problem.with_header(RETRY_AFTER, TEN_SECONDS),
            _ => problem,
        }
    }
}

impl Problem {
    /// The same of a request that also names a version in its head (RFC 9110 §13.1.1): what a header asks for
    /// is a precondition, what the command itself expects is not.
    pub(super) fn of_conditional(error: StoreError, base: &str) -> Self {
        // What the head asks for lies at no place in the body.
        let asked_in_head = |rejection: &Rejection| {
            rejection.errors().next().is_some_and(|fault| {
                let mismatch = matches!(fault.error, Error::Session(SessionError::VersionMismatch { .. }));
                mismatch && fault.pointer.is_empty()
            })
        };
        let stale = matches!(&error, StoreError::Rejected(rejection) if asked_in_head(rejection));
        let problem = Self::of_body(error, base);
        if stale { problem.with_status(StatusCode::PRECONDITION_FAILED) } else { problem }
    }

    /// The refusal of a command that was made of a request's body, which lies at `base` in it. What is
    /// wrong is pointed to in the body.
    pub(super) fn of_body(error: StoreError, base: &str) -> Self {
        match error {
            StoreError::Rejected(rejection) => rejection.relative_to(base).into(),
            other => other.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dur7_what_a_log_says_is_for_the_operator() {
        let problem = Problem::from(StoreError::LogUnavailable("/srv/vws: no space left".to_owned()));
        let told = format!("{problem:?}");
        assert!(told.contains("log_unavailable") && !told.contains("/srv/vws"), "{told}");
        let problem = Problem::from(StoreError::OutcomeUnknown("nats://10.0.0.7: timed out".to_owned()));
        let told = format!("{problem:?}");
        assert!(told.contains("outcome_unknown") && !told.contains("10.0.0.7"), "{told}");
    }

    #[test]
    fn clu15_what_passes_says_when_to_come_again() {
        let session = vws_core::SessionId::from_uuid(uuid::Uuid::nil());
        for (error, code) in [
            (StoreError::OutcomeUnknown(String::new()), "outcome_unknown"),
            (StoreError::Contended { session }, "session_contended"),
            (StoreError::Behind { seen: 9, head: 7 }, "server_behind"),
        ] {
            let problem = Problem::from(error);
            assert_eq!((problem.status(), problem.code()), (StatusCode::SERVICE_UNAVAILABLE, code));
            assert!(format!("{problem:?}").contains("\"retry-after\": \"1\""), "{problem:?}");
        }
    }
}
