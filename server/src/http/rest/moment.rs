//! `?at=`: the present or a moment of the past, read in the same way.

use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use vws_core::limits::SAFE_INTEGER;
use vws_core::{Session, SessionId};

use super::super::app::App;
use super::super::problem::Problem;
use super::super::refusal::Refusal;
use super::super::request::Query;
use crate::store::{LiveSession, Moment};

/// Reads a seq, or a time of RFC 3339 such as `2026-01-31T12:00:00.250Z`.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let seq = text.parse().ok().filter(|seq| *seq <= SAFE_INTEGER);
        return seq.map(Moment::Seq).ok_or_else(expected);
    }
    // In a query an unescaped plus sign is a space.
    let time = OffsetDateTime::parse(&text.replace(' ', "+"), &Rfc3339).map_err(|_| expected())?;
    let millis = time.unix_timestamp_nanos().div_euclid(1_000_000);
    // No session is older than 1970.
    Ok(Moment::Time(u64::try_from(millis).unwrap_or(0)))
}

fn expected() -> String {
    format!("expected a seq in [0, {SAFE_INTEGER}] or a time of RFC 3339")
}

/// A moment as a request gives it, for the description.
#[derive(Debug)]
pub(in crate::http) struct MomentText;

impl PartialSchema for MomentText {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        OneOfBuilder::new()
            .item(text().pattern(Some("^(0|[1-9][0-9]{0,14})$")).description(Some("A seq.")))
            .item(
                text()
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                    .description(Some("A time of RFC 3339.")),
            )
            .into()
    }
}

impl ToSchema for MomentText {
    fn name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
}

/// The query's moment of that name.
pub(super) fn take(query: &mut Query, name: &'static str) -> Result<Option<Moment>, Refusal> {
    query.parse(name, moment)
}

/// A session now or then.
pub(super) enum View {
    Now(Arc<LiveSession>),
    Then(Box<Session>),
}

impl View {
    /// The session at `moment`, or as it is at each read.
    pub(super) async fn of(app: &App, id: SessionId, moment: Option<Moment>) -> Result<Self, Problem> {
        let live = app.store().get(id).await?;
        Ok(match moment {
            None => Self::Now(live),
            Some(moment) => Self::Then(Box::new(live.at(moment).await?)),
        })
    }

    /// Runs `read` on the state. Short, as for [`LiveSession::read`].
    pub(super) fn read<T>(&self, read: impl FnOnce(&Session) -> T) -> T {
        match self {
            Self::Now(live) => live.read(read),
            Self::Then(session) => read(session),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest15_a_moment_is_a_seq_or_a_time() {
        for (text, expected) in [
            ("0", Moment::Seq(0)),
            ("9007199254740991", Moment::Seq(SAFE_INTEGER)),
            ("1970-01-01T00:00:00Z", Moment::Time(0)),
            ("1970-01-01T00:00:01.2345Z", Moment::Time(1_234)),
            ("1969-12-31T23:59:59Z", Moment::Time(0)),
            ("2000-01-01T02:00:00+02:00", Moment::Time(946_684_800_000)),
            ("2000-01-01T02:00:00 02:00", Moment::Time(946_684_800_000)),
        ] {
            assert_eq!(moment(text), Ok(expected), "{text}");
        }
        for text in ["", "-1", "+1", "1.5", "9007199254740992", "2000-01-01", "2000-13-01T00:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
