//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110 §8.8 and §13) over versions.

use std::convert::Infallible;
use std::fmt::Display;

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use vws_core::model::Seq;

use super::problem::Problem;
use super::refusal::Refusal;

/// The strong tag of a state that `version` names.
pub(super) fn etag(version: impl Display) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("versions are plain ASCII")
}

/// The weak tag of the same state, for an answer in other bytes.
pub(super) fn weak(tag: HeaderValue) -> HeaderValue {
    let weak = [b"W/", tag.as_bytes()].concat();
    HeaderValue::try_from(weak).expect("it was a header's value without the mark")
}

/// What `If-Match` asks of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Nothing: there is no such header, or it is `*`.
    Any,
    /// That the present version is one of these: never none.
    Versions(Vec<Seq>),
}

impl IfMatch {
    /// The versions of which the present one must be; `None` for any.
    pub(super) fn versions(&self) -> Option<&[Seq]> {
        match self {
            Self::Any => None,
            Self::Versions(versions) => Some(versions),
        }
    }

    /// The version to ask core for, which checks and changes in one step. Of several that the client
    /// accepts it is the present one, if that is among them.
    pub(super) fn expected(&self, present: impl FnOnce() -> Option<Seq>) -> Option<Seq> {
        match self {
            Self::Any => None,
            Self::Versions(versions) => match versions[..] {
                [one] => Some(one),
                _ => present().filter(|v| versions.contains(v)).or(versions.first().copied()),
            },
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(tags) = tags(&parts.headers, IF_MATCH)? else { return Ok(Self::Any) };
        if tags.contains(&Tag::Star) {
            return Ok(Self::Any);
        }
        // If-Match compares strongly: a weak tag matches nothing.
        let versions = tags.iter().filter_map(|tag| match tag {
            Tag::Strong(text) => text.parse().ok().filter(|v: &Seq| v.to_string() == *text),
            Tag::Weak(_) | Tag::Star => None,
        });
        let versions: Vec<Seq> = versions.collect();
        if versions.is_empty() { Err(Refusal::NoSuchVersion.into()) } else { Ok(Self::Versions(versions)) }
    }
}

/// What `If-None-Match` says that the client has.
#[derive(Debug, Clone, Default)]
pub(super) struct IfNoneMatch(Vec<Tag>);

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    /// A header that cannot be read is as good as none: the client gets the whole answer.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(&parts.headers, IF_NONE_MATCH).ok().flatten().unwrap_or_default()))
    }
}

impl IfNoneMatch {
    /// Whether the client has what `tag` names. Weak tags and strong ones are compared alike.
    pub(super) fn has(&self, tag: &HeaderValue) -> bool {
        let tag = tag.to_str().unwrap_or_default();
        let bare = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        self.0.iter().any(|known| match known {
            Tag::Star => true,
            Tag::Strong(text) | Tag::Weak(text) => text == bare,
        })
    }

    /// `answer` with its tag, or 304 where the client has it.
    pub(super) fn answer(&self, tag: HeaderValue, answer: impl FnOnce() -> Response) -> Response {
        let mut response = if self.has(&tag) { StatusCode::NOT_MODIFIED.into_response() } else { answer() };
        response.headers_mut().insert(ETAG, tag);
        response
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tag {
    Star,
    Strong(String),
    Weak(String),
}

/// The tags of a header, `None` where it is absent.
fn tags(headers: &HeaderMap, name: HeaderName) -> Result<Option<Vec<Tag>>, Refusal> {
    let mut found = None;
    for value in headers.get_all(&name) {
        let unreadable = || Refusal::header(&name, "it is not * or a list of \"entity tags\"");
        let text = value.to_str().map_err(|_| unreadable())?;
        let tags = found.get_or_insert_with(Vec::new);
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            tags.push(tag(item).ok_or_else(unreadable)?);
        }
        if tags.is_empty() {
            return Err(unreadable());
        }
    }
    Ok(found)
}

/// One tag. Tags of this server hold no comma, so that a list is split at each one.
fn tag(item: &str) -> Option<Tag> {
    let quoted = |text: &str| Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    match item.strip_prefix("W/") {
        _ if item == "*" => Some(Tag::Star),
        Some(weak) => quoted(weak).map(Tag::Weak),
        None => quoted(item).map(Tag::Strong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn if_match(value: &str) -> Result<IfMatch, String> {
        let request = axum::http::Request::builder().header(IF_MATCH, value).body(()).expect("a request");
        let (mut parts, ()) = request.into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.map_err(|problem| problem.code().to_owned())
    }

    #[tokio::test]
    async fn http10_if_match_takes_versions_and_refuses_what_is_no_tag() {
        for (value, expected) in [
            ("*", IfMatch::Any),
            ("\"5\"", IfMatch::Versions(vec![5])),
            ("\"5\", \"7\"", IfMatch::Versions(vec![5, 7])),
            ("W/\"5\", \"7\"", IfMatch::Versions(vec![7])),
        ] {
            assert_eq!(if_match(value).await, Ok(expected), "{value}");
        }
        for value in ["W/\"5\"", "\"05\"", "\"other\"", "\"\""] {
            assert_eq!(if_match(value).await, Err("version_mismatch".to_owned()), "{value}");
        }
        for value in ["", ",", "5", "\"5", "5\"", "\"", "w/\"5\""] {
            assert_eq!(if_match(value).await, Err("header_invalid".to_owned()), "{value}");
        }
    }

    #[test]
    fn http10_of_several_versions_the_present_one_is_expected() {
        let several = IfMatch::Versions(vec![5, 7]);
        assert_eq!(several.expected(|| Some(7)), Some(7));
        assert_eq!(several.expected(|| Some(6)), Some(5), "which then fails");
        assert_eq!(IfMatch::Any.expected(|| Some(0)), None);
    }
}
