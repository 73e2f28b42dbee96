//! Sessions as files: sent and fetched by the browser itself, which reads and writes them piece by piece, with
//! progress and an end at any time.

use gloo_events::EventListener;
use serde::Deserialize;
use vws_core::error::ProblemField;
use vws_core::model::Seq;
use vws_core::transfer::Format;
use vws_core::wire::read_json;
use vws_core::{Problem, SessionId, SessionInfo};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, EventTarget, File, ProgressEvent, XmlHttpRequest, XmlHttpRequestResponseType};

use super::ApiError;
use crate::token;

/// What a file is, and all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImportReport {
    /// Whether an import of it would make a session.
    pub valid: bool,
    /// What it was exported from; `None` where something is wrong.
    pub session: Option<SessionInfo>,
    /// How many events it has.
    pub events: Option<u64>,
    /// What is wrong with it, each with its line and pointer.
    pub errors: Vec<ProblemField>,
    /// How much more is wrong with it.
    pub more: u64,
}

/// How far a transfer has come, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// What has gone over.
    pub done: f64,
    /// Of how much, where that is known.
    pub of: Option<f64>,
}

impl Progress {
    /// In words: `3.1 of 12.0 MB`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.of {
            Some(of) => format!("{} of {} MB", mega(self.done), mega(of)),
            None => format!("{} MB", mega(self.done)),
        }
    }
}

fn mega(bytes: f64) -> String {
    format!("{:.1}", bytes / 1e6)
}

/// A file on its way. Dropping it ends that.
pub struct Transfer {
    request: XmlHttpRequest,
    listeners: Vec<EventListener>,
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // First, so that nobody is told of an end that they made themselves.
        self.listeners.clear();
        // Nothing is left to end where it has ended.
        let _ = self.request.abort();
    }
}

impl Transfer {
    fn new(
        request: XmlHttpRequest,
        watched: &EventTarget,
        progress: impl Fn(Progress) + 'static,
        ended: impl FnOnce(&XmlHttpRequest) + 'static,
    ) -> Self {
        let told = EventListener::new(watched, "progress", move |event| {
            if let Some(event) = event.dyn_ref::<ProgressEvent>() {
                let of = event.length_computable().then(|| event.total());
                progress(Progress { done: event.loaded(), of });
            }
        });
        let same = request.clone();
        let done = EventListener::once(&request, "loadend", move |_| ended(&same));
        Self { request, listeners: vec![told, done] }
    }
}

/// Which kind of file it is, by how it begins.
pub async fn format_of(file: &File) -> Format {
    /// A log says so at its very beginning; white space before it is not what an export writes.
    const HEAD: f64 = 64.0;
    let Ok(head) = file.slice_with_f64_and_f64(0.0, HEAD) else { return Format::State };
    let head = JsFuture::from(head.text()).await.ok().and_then(|text| text.as_string()).unwrap_or_default();
    if head.contains(Format::Log.name()) { Format::Log } else { Format::State }
}

/// Sends a file to be checked: nothing is made of it.
///
/// # Errors
/// [`ApiError`] where the browser does not even begin.
pub fn check_file(
    file: &File,
    format: Format,
    progress: impl Fn(Progress) + 'static,
    ended: impl FnOnce(Result<ImportReport, ApiError>) + 'static,
) -> Result<Transfer, ApiError> {
    send(file, format, true, progress, ended)
}

/// Sends a file of which a session is to be made.
///
/// # Errors
/// [`ApiError`] where the browser does not even begin.
pub fn import_file(
    file: &File,
    format: Format,
    progress: impl Fn(Progress) + 'static,
    ended: impl FnOnce(Result<SessionInfo, ApiError>) + 'static,
) -> Result<Transfer, ApiError> {
    send(file, format, false, progress, ended)
}

fn send<T: for<'de> Deserialize<'de>>(
    file: &File,
    format: Format,
    dry_run: bool,
    progress: impl Fn(Progress) + 'static,
    ended: impl FnOnce(Result<T, ApiError>) + 'static,
) -> Result<Transfer, ApiError> {
    post(&format!("/api/sessions/import?dry_run={dry_run}"), file, format.media_type(), progress, ended)
}

/// Sends a file, and gives what the server answers.
///
/// # Errors
/// [`ApiError`] where the browser does not even begin.
pub(super) fn post<T: for<'de> Deserialize<'de>>(
    path: &str,
    file: &File,
    media_type: &str,
    progress: impl Fn(Progress) + 'static,
    ended: impl FnOnce(Result<T, ApiError>) + 'static,
) -> Result<Transfer, ApiError> {
    let begin = || {
        let request = XmlHttpRequest::new()?;
        request.open("POST", path)?;
        request.set_request_header("content-type", media_type)?;
        show_token(&request)?;
        let upload = request.upload()?;
        let transfer = Transfer::new(request.clone(), &upload, progress, |request| {
            let text = request.response_text().ok().flatten().unwrap_or_default();
            ended(answer(request, &text));
        });
        request.send_with_opt_blob(Some(file))?;
        Ok(transfer)
    };
    begin().map_err(|_: JsValue| ApiError::Failed("the browser does not send the file".to_owned()))
}

fn show_token(request: &XmlHttpRequest) -> Result<(), JsValue> {
    token::authorization().map_or(Ok(()), |value| request.set_request_header("authorization", &value))
}

fn answer<T: for<'de> Deserialize<'de>>(request: &XmlHttpRequest, text: &str) -> Result<T, ApiError> {
    let status = request.status().unwrap_or_default();
    if (200..300).contains(&status) {
        return read_json(text.as_bytes()).map_err(|error| ApiError::Failed(error.to_string()));
    }
    Err(refusal(status, text))
}

fn refusal(status: u16, text: &str) -> ApiError {
    match read_json::<Problem>(text.as_bytes()) {
        Ok(problem) => ApiError::Refused { status, problem },
        Err(_) if status == 0 => ApiError::Failed("the connection ended before all was over".to_owned()),
        Err(_) => ApiError::Failed(format!("status {status}")),
    }
}

/// Fetches a session as a file: its name, and its content as the browser keeps it.
///
/// # Errors
/// [`ApiError`] where the browser does not even begin.
pub fn export(
    id: SessionId,
    format: Format,
    at: Option<Seq>,
    progress: impl Fn(Progress) + 'static,
    ended: impl FnOnce(Result<(String, Blob), ApiError>) + 'static,
) -> Result<Transfer, ApiError> {
    let kind = match format {
        Format::State => "json",
        Format::Log => "log",
    };
    let at = at.map(|seq| format!("&at={seq}")).unwrap_or_default();
    let begin = || {
        let request = XmlHttpRequest::new()?;
        request.open("GET", &format!("/api/sessions/{id}/export?format={kind}{at}"))?;
        show_token(&request)?;
        request.set_response_type(XmlHttpRequestResponseType::Blob);
        let transfer = Transfer::new(request.clone(), &request, progress, move |request| {
            let status = request.status().unwrap_or_default();
            let content = request.response().ok().and_then(|content| content.dyn_into::<Blob>().ok());
            match content {
                Some(content) if status == 200 => {
                    let header = request.get_response_header("content-disposition").ok().flatten();
                    let fallback = || format!("session.{}", format.extension());
                    let name = header.as_deref().and_then(file_name).map_or_else(fallback, ToOwned::to_owned);
                    ended(Ok((name, content)));
                }
                Some(content) => wasm_bindgen_futures::spawn_local(async move {
                    let text = JsFuture::from(content.text()).await.ok().and_then(|text| text.as_string());
                    ended(Err(refusal(status, &text.unwrap_or_default())));
                }),
                None => ended(Err(refusal(0, ""))),
            }
        });
        request.send()?;
        Ok(transfer)
    };
    begin().map_err(|_: JsValue| ApiError::Failed("the browser does not fetch the file".to_owned()))
}

/// The file's name in a `Content-Disposition` of this server, which is quoted and plain ASCII.
fn file_name(header: &str) -> Option<&str> {
    let (_, name) = header.split_once("filename=\"")?;
    name.strip_suffix('"').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web55_a_file_is_called_as_the_server_says() {
        assert_eq!(file_name("attachment; filename=\"Harbour-12.vws.json\""), Some("Harbour-12.vws.json"));
        assert_eq!(file_name("attachment"), None);
        assert_eq!(file_name("attachment; filename=\"\""), None);
    }

    #[test]
    fn web56_refusals_are_told_in_the_words_of_the_server() {
        let problem = r#"{"code":"too_large","detail":"the file has more than 64 MiB","status":413}"#;
        assert_eq!(refusal(413, problem).words(), "the file has more than 64 MiB");
        assert!(refusal(0, "").words().contains("the connection ended"));
        assert!(refusal(502, "<html>").words().contains("status 502"));
    }

    #[test]
    fn web55_progress_is_told_with_its_end_where_that_is_known() {
        assert_eq!(Progress { done: 3.14e6, of: Some(12e6) }.words(), "3.1 of 12.0 MB");
        assert_eq!(Progress { done: 3.14e6, of: None }.words(), "3.1 MB");
    }
}
