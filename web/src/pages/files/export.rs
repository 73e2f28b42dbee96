//! A session becomes a file on the user's machine.

use std::rc::Rc;

use vws_core::SessionId;
use vws_core::model::Seq;
use vws_core::transfer::Format;
use wasm_bindgen::JsCast;
use web_sys::{Blob, HtmlAnchorElement, Url};
use yew::prelude::*;

use crate::api::files::{Progress, Transfer, export};
use crate::browser;
use crate::ui::{Button, Icon, Tone, use_toasts};

/// How long the browser may take to begin with a file that it was given, in milliseconds.
const HAND_OVER_MS: u32 = 60_000;

/// Gives a file to the user.
pub(in crate::pages) fn save(name: &str, content: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(content) else { return };
    let link = browser::document().create_element("a").ok();
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    gloo_timers::callback::Timeout::new(HAND_OVER_MS, move || {
        // It is freed with the page at the latest.
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
}

/// What is fetched now.
#[derive(Clone)]
pub(in crate::pages) struct Exports {
    begin: Callback<(SessionId, Format, Option<Seq>)>,
    /// What shows how far it is.
    pub(in crate::pages) shown: Html,
}

impl Exports {
    /// Fetches a session as a file; one after another, the last one counts.
    pub(in crate::pages) fn begin(&self, id: SessionId, format: Format, at: Option<Seq>) {
        self.begin.emit((id, format, at));
    }
}

/// Fetches sessions as files.
#[hook]
pub(in crate::pages) fn use_exports() -> Exports {
    let toasts = use_toasts();
    let progress = use_state(|| None::<Progress>);
    let transfer = use_mut_ref(|| None::<Transfer>);
    let begin = {
        let (progress, transfer) = (progress.setter(), Rc::clone(&transfer));
        Callback::from(move |(id, format, at)| {
            let (told, over, toasts) = (progress.clone(), progress.clone(), toasts.clone());
            let failed = toasts.clone();
            let begun = export(
                id,
                format,
                at,
                move |at| told.set(Some(at)),
                move |fetched| {
                    over.set(None);
                    match fetched {
                        Ok((name, content)) => {
                            save(&name, &content);
                            toasts.say(Tone::Good, format!("Exported as {name}."));
                        }
                        Err(error) => toasts.say(Tone::Bad, format!("Not exported: {}", error.words())),
                    }
                },
            );
            match begun {
                Ok(begun) => {
                    progress.set(Some(Progress::default()));
                    transfer.replace(Some(begun));
                }
                Err(error) => failed.say(Tone::Bad, format!("Not exported: {}", error.words())),
            }
        })
    };
    let shown = progress.as_ref().map(|at| {
        let (progress, transfer) = (progress.setter(), Rc::clone(&transfer));
        let oncancel = Callback::from(move |_: MouseEvent| {
            transfer.replace(None);
            progress.set(None);
        });
        html! {
            <div class="export-chip" role="status" data-testid="export-progress">
                <span class="spinner spinner-small" aria-hidden="true"></span>
                <span>{ "Exporting " }<span class="numbers">{ at.words() }</span></span>
                <Button label="Cancel" icon={Icon::Close} onclick={oncancel} testid="export-cancel" />
            </div>
        }
    });
    Exports { begin, shown: shown.unwrap_or_default() }
}
