//! Who changed an object last, when, and by which event.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use vws_core::event::Event as Happened;
use vws_core::model::Seq;
use vws_core::{EventRecord, ObjectName};
use yew::prelude::*;

use super::super::context::use_session;
use super::super::timeline::{clock, use_time};
use crate::api::time::object_history;
use crate::client::Standing;
use crate::client::progress::grouped;
use crate::pages::sessions::{ago, use_now};

/// How long an object must be selected before the server is asked, in milliseconds: who passes through the list
/// asks nothing.
const PASS_MS: u32 = 150;

/// What is known of the last change.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    Nothing,
    /// This was it.
    Event(Box<EventRecord>),
    /// It is no longer kept.
    Gone,
    Failed(String),
}

/// Properties of [`LastChange`].
#[derive(Properties, PartialEq)]
pub(super) struct LastChangeProps {
    /// The object; of several the one that changed last.
    pub(super) name: ObjectName,
    /// Its version: the seq of the event that changed it last.
    pub(super) version: Seq,
    /// Which objects are selected, as a key.
    pub(super) selection: String,
    /// Whether it is told of which object this is.
    pub(super) named: bool,
}

/// The object that an event leaves changed.
fn subject(event: &Happened) -> Option<&ObjectName> {
    match event {
        Happened::ObjectCreated { object } => Some(&object.name),
        Happened::ObjectUpdated { name, .. } | Happened::ObjectRenamed { new_name: name, .. } => Some(name),
        Happened::ObjectDeleted { .. }
        | Happened::ObjectsCleared
        | Happened::WorldInitialized { .. }
        | Happened::WorldUpdated { .. }
        | Happened::CameraMoved { .. }
        | Happened::CameraOrbitStarted { .. }
        | Happened::CameraOrbitStopped
        | Happened::SessionRenamed { .. } => None,
    }
}

/// A line that tells who changed the object last. The server is asked once; after that the events that come say
/// it.
#[component]
pub(super) fn LastChange(props: &LastChangeProps) -> Html {
    let session = use_session();
    let client = Rc::clone(&session.client);
    let (time, now) = (use_time(), use_now());
    let known = use_state_eq(|| Known::Nothing);
    let past = client.past_seq();
    // What was missed while there was no server is asked for when it is back.
    let is_live = client.standing() == Standing::Live;
    use_effect_with((props.selection.clone(), past, is_live), {
        let (client, known, name) = (Rc::clone(&client), known.setter(), props.name.clone());
        move |_: &(String, Option<Seq>, bool)| {
            // The last event that has come: an answer that was on its way meanwhile is older.
            let newest = Rc::new(Cell::new(0));
            let following = {
                let (reader, known, newest) = (Rc::downgrade(&client), known.clone(), Rc::clone(&newest));
                client.follow_events(move |record| {
                    let is_here = |name| reader.upgrade().is_some_and(|client| client.is_selected(name));
                    if past.is_none() && subject(&record.event).is_some_and(is_here) {
                        newest.set(record.seq);
                        known.set(Known::Event(Box::new(record.clone())));
                    }
                })
            };
            let latest = Rc::clone(&newest);
            let ask = move || {
                wasm_bindgen_futures::spawn_local(async move {
                    let page = object_history(client.id(), &name, past.map(|seq| seq + 1), 1).await;
                    if latest.get() > 0 {
                        return;
                    }
                    known.set(match page.map(|page| page.events.into_iter().next()) {
                        Ok(Some(record)) => Known::Event(Box::new(record)),
                        Ok(None) => Known::Gone,
                        Err(error) => Known::Failed(error.words()),
                    });
                });
            };
            let timer = is_live.then(|| Timeout::new(PASS_MS, ask));
            move || {
                drop(timer);
                // What is still on its way is of another moment.
                newest.set(Seq::MAX);
                drop(following);
            }
        }
    });
    let of = |name: &ObjectName| if props.named { format!(" of {name}") } else { String::new() };
    match &*known {
        Known::Nothing => html! { <p class="last-change" aria-hidden="true">{ "\u{a0}" }</p> },
        Known::Gone => html! {
            <p class="last-change" data-testid="last-change">
                { format!("Last change{}: seq {}, whose author is no longer kept", of(&props.name), grouped(props.version)) }
            </p>
        },
        Known::Failed(why) => html! {
            <p class="last-change" data-testid="last-change">{ format!("Last change{}: cannot be read: {why}", of(&props.name)) }</p>
        },
        Known::Event(record) => {
            let face = time.face(record.by.as_ref().map(|by| &by.client_id));
            html! {
                <p class="last-change" data-testid="last-change" data-seq={record.seq.to_string()} title={format!("seq {}, {}", grouped(record.seq), clock(record.at))}>
                    <span class="author-dot" style={format!("background:{}", face.color)} aria-hidden="true"></span>
                    { format!("Last change{}: ", subject(&record.event).map(of).unwrap_or_default()) }
                    <strong>{ face.name }</strong>
                    { format!(", {}, seq ", ago(record.at, now)) }
                    <span class="numbers">{ grouped(record.seq) }</span>
                </p>
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web31_only_events_of_the_object_tell_of_it() {
        let of = |json: &str| {
            let event: Happened = serde_json::from_str(json).expect("a valid event");
            subject(&event).map(ToString::to_string)
        };
        assert_eq!(of(r#"{"type":"object_updated","name":"a","patch":{"x":1.0}}"#).as_deref(), Some("a"));
        assert_eq!(of(r#"{"type":"object_renamed","name":"b","new_name":"a"}"#).as_deref(), Some("a"));
        assert_eq!(of(r#"{"type":"object_deleted","name":"a"}"#), None);
        assert_eq!(of(r#"{"type":"objects_cleared"}"#), None);
    }
}
