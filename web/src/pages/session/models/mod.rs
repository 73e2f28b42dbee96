//! Models out of files: dropped on the world or chosen in the form, kept by the server, and shown by objects.
//!
//! # Layout
//! - this file: the way to the server, one file after the other, with progress and an end at any time.
//! - [`drop`]: files that are dropped on the world. [`choose`]: a file for the form of a new object.

pub(super) mod choose;
pub(super) mod drop;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Function, Promise};
use vws_core::command::ObjectDraft;
use vws_core::model::{ObjectType, Scalar};
use vws_core::reduce::State;
use vws_core::{Command, ObjectName};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;
use yew::prelude::*;

use super::context::use_session;
use crate::api::assets::{self, Asset};
use crate::api::files::{Progress, Transfer};
use crate::client::{SessionClient, Standing};
use crate::form::create::{free_name, stem};
use crate::ui::{Button, Icon, Toasts, Tone, use_toasts};

/// Bytes of an object's name that are taken from a file's; a number may follow.
const NAME_BYTES: usize = 100;

/// A file that waits for its turn.
struct Job {
    file: File,
    media_type: &'static str,
    then: Callback<Asset>,
}

/// Sends files, one after the other.
struct Sender {
    client: Rc<SessionClient>,
    toasts: Toasts,
    /// Shows what is sent now, and how far it is.
    show: UseStateSetter<Option<(String, Progress)>>,
    waiting: RefCell<VecDeque<Job>>,
    busy: Cell<bool>,
    under_way: RefCell<Option<Transfer>>,
    /// Has the one that waits for the transfer go on.
    wake: RefCell<Option<Function>>,
    /// Nobody wants any more what is under way.
    cancelled: Cell<bool>,
}

/// Why no model can be added now.
fn unfit(client: &SessionClient) -> Option<String> {
    client.read_only().or_else(|| {
        (client.standing() != Standing::Live).then(|| "the page has no connection to the server.".to_owned())
    })
}

impl Sender {
    fn refuse(&self, name: &str, why: &str) {
        self.toasts.say(Tone::Bad, format!("{name} was not added: {why}"));
    }

    fn add(self: &Rc<Self>, job: Job) {
        self.waiting.borrow_mut().push_back(job);
        if !self.busy.replace(true) {
            let sender = Rc::clone(self);
            spawn_local(async move {
                while let Some(job) = sender.next() {
                    sender.send(job).await;
                }
                sender.busy.set(false);
                sender.show.set(None);
            });
        }
    }

    fn next(&self) -> Option<Job> {
        self.waiting.borrow_mut().pop_front()
    }

    async fn send(&self, job: Job) {
        let name = job.file.name();
        self.cancelled.set(false);
        self.show.set(Some((name.clone(), Progress::default())));
        // What is too large is told before it is sent: a browser tells nothing of a refusal that comes while it sends.
        match assets::room(self.client.id()).await {
            Ok(room) if job.file.size() > room.max_asset_bytes as f64 => {
                return self.refuse(
                    &name,
                    &format!("it has {:.0} bytes, more than {}.", job.file.size(), room.max_asset_bytes),
                );
            }
            Ok(_) if self.cancelled.get() => return,
            Ok(_) => {}
            Err(error) => return self.refuse(&name, &format!("{}.", error.words())),
        }
        match self.transfer(&job).await {
            Some(Ok(asset)) => job.then.emit(asset),
            Some(Err(error)) => self.refuse(&name, &format!("{}.", error.words())),
            // It was cancelled.
            None => {}
        }
    }

    async fn transfer(&self, job: &Job) -> Option<Result<Asset, crate::api::ApiError>> {
        let answer = Rc::new(RefCell::new(None));
        let ended = Promise::new(&mut |resolve, _| {
            let (show, name) = (self.show.clone(), job.file.name());
            let (told, wake) = (Rc::clone(&answer), resolve.clone());
            let begun = assets::upload(
                self.client.id(),
                &job.file,
                job.media_type,
                move |at| show.set(Some((name.clone(), at))),
                move |done| {
                    told.replace(Some(done));
                    // It throws nothing.
                    let _ = wake.call0(&JsValue::NULL);
                },
            );
            match begun {
                Ok(transfer) => {
                    self.under_way.replace(Some(transfer));
                    self.wake.replace(Some(resolve));
                }
                Err(error) => {
                    answer.replace(Some(Err(error)));
                    let _ = resolve.call0(&JsValue::NULL);
                }
            }
        });
        // It resolves in every case.
        let _ = JsFuture::from(ended).await;
        self.under_way.replace(None);
        self.wake.replace(None);
        answer.take()
    }

    /// Ends what is sent, and forgets what waits.
    fn cancel(&self) {
        self.waiting.borrow_mut().clear();
        self.cancelled.set(true);
        self.under_way.replace(None);
        if let Some(wake) = self.wake.take() {
            let _ = wake.call0(&JsValue::NULL);
        }
    }
}

/// The way of files to the server.
#[derive(Clone)]
pub(super) struct Uploads {
    sender: Rc<Sender>,
    /// What shows how far it is.
    pub(super) shown: Html,
}

impl Uploads {
    /// Sends a file, and calls `then` with what the session has of it. Says what is wrong where it is not taken.
    pub(super) fn begin(&self, file: File, then: Callback<Asset>) {
        let name = file.name();
        if let Some(why) = unfit(&self.sender.client) {
            return self.sender.refuse(&name, &why);
        }
        match assets::media_type_of(&name) {
            Some(media_type) => self.sender.add(Job { file, media_type, then }),
            None => self.sender.refuse(&name, "a model is a .glb or a .gltf file."),
        }
    }
}

/// Sends files of models to the session.
#[hook]
pub(super) fn use_uploads() -> Uploads {
    let client = use_session().client;
    let id = client.id();
    let toasts = use_toasts();
    let progress = use_state(|| None::<(String, Progress)>);
    let sender = use_memo(id, |_| {
        Rc::new(Sender {
            client,
            toasts,
            show: progress.setter(),
            waiting: RefCell::default(),
            busy: Cell::default(),
            under_way: RefCell::default(),
            wake: RefCell::default(),
            cancelled: Cell::default(),
        })
    });
    use_effect_with(id, {
        let sender = Rc::clone(&sender);
        move |_| move || sender.cancel()
    });
    let shown = progress.as_ref().map(|(name, at)| {
        let oncancel = {
            let sender = Rc::clone(&sender);
            Callback::from(move |_: MouseEvent| sender.cancel())
        };
        html! {
            <div class="export-chip" role="status" data-testid="upload-progress">
                <span class="spinner spinner-small" aria-hidden="true"></span>
                <span class="upload-name">{ "Adding " }{ name }</span>
                <span class="numbers">{ at.words() }</span>
                <Button label="Cancel" icon={Icon::Close} onclick={oncancel} testid="upload-cancel" />
            </div>
        }
    });
    Uploads { sender: (*sender).clone(), shown: shown.unwrap_or_default() }
}

/// What an object that shows a file is called: as the file, as far as a name may be.
pub(super) fn name_of(file: &str) -> String {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let plain: String =
        stem.chars().map(|c| if c == '/' || c == '\\' || c.is_control() { '-' } else { c }).collect();
    let mut end = plain.len().min(NAME_BYTES);
    while !plain.is_char_boundary(end) {
        end -= 1;
    }
    let name = plain[..end].trim();
    if ObjectName::new("name", name).is_ok() {
        name.to_owned()
    } else {
        ObjectType::Model.as_str().to_owned()
    }
}

/// Makes an object that shows an asset, and selects it.
fn place(client: &SessionClient, file: &str, asset: &Asset, [x, y, z]: [f64; 3]) {
    let wanted = name_of(file);
    let name = client.view(|view, _| {
        let is_taken = |name: &str| view.object(name).is_some();
        if is_taken(&wanted) { free_name(stem(&wanted), is_taken) } else { wanted }
    });
    let Some(name) = name else { return };
    let properties = [("url".to_owned(), Scalar::String(assets::address_of(&asset.asset).into()))];
    let object = ObjectDraft {
        name: name.clone(),
        kind: ObjectType::Model.as_str().to_owned(),
        x,
        y,
        z,
        rotation: None,
        scale: None,
        color: None,
        opacity: None,
        visible: None,
        text: None,
        properties: Some(properties.into()),
    };
    if client.submit(Command::CreateObject { object }) {
        client.select(ObjectName::new("name", &name).ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web58_an_object_is_called_as_its_file() {
        assert_eq!(name_of("Ship 2.glb"), "Ship 2");
        assert_eq!(name_of("a.b.gltf"), "a.b");
        assert_eq!(name_of(" ..\\up\u{7}.glb"), "..-up-");
        assert_eq!(name_of("船.glb"), "船");
        for odd in [".glb", "..glb", "...glb", "\u{202e}.glb", "  .glb"] {
            assert_eq!(name_of(odd), "model", "{odd:?}");
        }
        let long = name_of(&format!("{}.glb", "é".repeat(99)));
        assert_eq!(long, "é".repeat(50));
    }
}
