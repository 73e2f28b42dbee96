//! What happened to the selected object: who changed what, from what to what, and when.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use vws_core::event::Event as Happened;
use vws_core::model::Seq;
use vws_core::reduce::State;
use vws_core::{EventRecord, ObjectName};
use yew::prelude::*;

use super::context::use_session;
use super::parts::Section;
use super::timeline::{clock, use_time};
use crate::api::time::{ObjectHistory as Page, object_history};
use crate::client::progress::grouped;
use crate::pages::sessions::{ago, use_now};
use crate::past::runs::{counted, may_repeat, runs};
use crate::past::words::{self, Change};
use crate::ui::{Button, Icon};

/// Events that are asked for at once.
const PAGE: u64 = 50;
/// Events that are listed at most: more is what the timeline is for.
const MOST: usize = 500;
/// How long an object must rest before its history is asked for again, in milliseconds.
const REST_MS: u32 = 400;

/// How long an object must be selected before its history is asked for, in milliseconds.
const PASS_MS: u32 = 120;

/// What is known of an object's history.
#[derive(Debug, Clone, PartialEq, Default)]
struct Known {
    events: Vec<EventRecord>,
    next: Option<Seq>,
    failed: Option<String>,
    asked: bool,
}

/// Properties of [`ObjectHistory`].
#[derive(Properties, PartialEq)]
pub(super) struct ObjectHistoryProps {
    /// The object.
    pub(super) name: ObjectName,
}

/// The object's history, newest first. Each line leads to its moment.
#[component]
pub(super) fn ObjectHistory(props: &ObjectHistoryProps) -> Html {
    let session = use_session();
    let client = Rc::clone(&session.client);
    let (time, now) = (use_time(), use_now());
    let known = use_state(Known::default);
    // Up to the moment that is shown. The server is asked for what it has confirmed, never for more.
    let past = client.past_seq();
    let version = match past {
        Some(seq) => Some(seq),
        None => client.read(|replica| replica.confirmed()?.object(props.name.as_str()).map(|o| o.version)),
    };
    let load = {
        let (client, name, known) = (Rc::clone(&client), props.name.clone(), known.setter());
        move |before: Option<Seq>, so_far: Vec<EventRecord>| {
            let (client, name, known) = (Rc::clone(&client), name.clone(), known.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let page = object_history(client.id(), &name, before, PAGE).await;
                known.set(match page {
                    Ok(Page { next, events }) => {
                        let events: Vec<_> = so_far.into_iter().chain(events).take(MOST).collect();
                        let next = next.filter(|_| events.len() < MOST);
                        Known { events, next, failed: None, asked: true }
                    }
                    Err(error) => {
                        Known { events: so_far, failed: Some(error.words()), asked: true, next: None }
                    }
                });
            });
        }
    };
    use_effect_with(version, {
        let (load, first) = (load.clone(), !known.asked);
        move |version| {
            // An object that others move all the time is asked for once it rests.
            // So is one that somebody only passes on the way through the list.
            let wait = if first { PASS_MS } else { REST_MS };
            let timer =
                version.map(|_| Timeout::new(wait, move || load(past.map(|seq| seq + 1), Vec::new())));
            move || drop(timer)
        }
    });
    let onolder = {
        let known = known.clone();
        Callback::from(move |_: MouseEvent| load(known.next, known.events.clone()))
    };
    let changes = told(&known.events);
    let object = client.object(props.name.as_str());
    html! {
        <div class="panel-body">
        <Section title="History">
        <div class="object-history" data-testid="object-history">
            if let Some(object) = object {
                <p class="hint">
                    { format!("Created {}, changed {} at seq ", ago(object.created_at, now), ago(object.updated_at, now)) }
                    <span class="numbers" data-testid="inspector-version">{ grouped(object.version) }</span>
                </p>
            }
            if let Some(why) = &known.failed {
                <p class="field-refusal" role="alert">{ format!("The history cannot be read: {why}") }</p>
            }
            if known.asked && known.events.is_empty() && known.failed.is_none() {
                <p class="hint">{ if past.is_some() { "It was not there yet." } else { "Nothing of its history is kept." } }</p>
            }
            <ol class="history-list">
                { for rows(&known.events, changes).into_iter().map(|Row { record, count, changes }| {
                    let face = time.face(record.by.as_ref().map(|by| &by.client_id));
                    let seq = record.seq;
                    let onclick = {
                        let time = Rc::clone(&time);
                        Callback::from(move |_: MouseEvent| {
                            time.set_open(true);
                            time.go(seq);
                        })
                    };
                    html! {
                        <li key={seq}>
                            <button type="button" class={classes!("history-row", (past == Some(seq)).then_some("history-here"))} {onclick}
                                title={format!("See the world right after seq {}, {}", grouped(seq), clock(record.at))} data-testid="history-row" data-seq={seq.to_string()}>
                                <span class="history-head">
                                    <span class="author-dot" style={format!("background:{}", face.color)} aria-hidden="true"></span>
                                    <strong>{ face.name }</strong>
                                    <span class="history-when">{ ago(record.at, now) }</span>
                                </span>
                                <span>{ counted(&words::event(&record.event), count) }</span>
                                { for changes.iter().map(change) }
                            </button>
                        </li>
                    }
                }) }
            </ol>
            if known.next.is_some() {
                <Button label="Show older" icon={Icon::Clock} onclick={onolder} testid="history-older" />
            }
        </div>
        </Section>
        </div>
    }
}

/// One field, from what to what.
pub(super) fn change(change: &Change) -> Html {
    html! {
        <span class="change">
            <span class="change-field">{ &change.field }</span>
            if let Some(from) = &change.from { <span class="numbers change-from">{ from }</span>{ " → " } } else { { "→ " } }
            <span class="numbers">{ &change.to }</span>
        </span>
    }
}

/// A line of the history: an event, or a run of them as one.
#[derive(Debug)]
struct Row<'a> {
    /// The last event.
    record: &'a EventRecord,
    count: usize,
    /// From what was before the first to what is after the last.
    changes: Vec<Change>,
}

/// The lines of events, with what each changed, both newest first.
fn rows(events: &[EventRecord], changes: Vec<Vec<Change>>) -> Vec<Row<'_>> {
    let key = |record: &EventRecord| {
        let author = record.by.as_ref().map(|by| by.client_id.clone())?;
        may_repeat(&record.event).then(|| (author, words::event(&record.event)))
    };
    let mut changes = changes.into_iter();
    let mut row = |run: std::ops::Range<usize>| {
        let of_each: Vec<_> = changes.by_ref().take(run.len()).collect();
        Row { record: &events[run.start], count: run.len(), changes: joined(of_each) }
    };
    runs(events, key, |record| record.at).into_iter().map(&mut row).collect()
}

/// What many changes make together, newest first as they are.
fn joined(of_each: Vec<Vec<Change>>) -> Vec<Change> {
    let mut whole: Vec<Change> = Vec::new();
    for change in of_each.into_iter().rev().flatten() {
        match whole.iter_mut().find(|known| known.field == change.field) {
            Some(known) => known.to = change.to,
            None => whole.push(change),
        }
    }
    whole
}

/// What each event changed, newest first as they are. What it was before is told by the events before, as far as
/// they are here.
fn told(events: &[EventRecord]) -> Vec<Vec<Change>> {
    let mut fields = std::collections::BTreeMap::new();
    let mut changes: Vec<_> = events
        .iter()
        .rev()
        .map(|record| match &record.event {
            Happened::ObjectCreated { object } => {
                fields = words::flat(&**object);
                Vec::new()
            }
            Happened::ObjectUpdated { patch, .. } => {
                let patch = words::flat(patch);
                let changes = words::changes(&fields, &patch);
                fields.extend(patch);
                changes
            }
            Happened::ObjectDeleted { .. } | Happened::ObjectsCleared => {
                fields.clear();
                Vec::new()
            }
            Happened::ObjectRenamed { .. }
            | Happened::WorldInitialized { .. }
            | Happened::WorldUpdated { .. }
            | Happened::CameraMoved { .. }
            | Happened::CameraOrbitStarted { .. }
            | Happened::CameraOrbitStopped
            | Happened::SessionRenamed { .. } => Vec::new(),
        })
        .collect();
    changes.reverse();
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web54_each_change_tells_what_was_before_as_far_as_that_is_known() {
        let record = |seq: u64, event: &str| -> EventRecord {
            serde_json::from_str(&format!(r#"{{"seq":{seq},"at":0,"event":{event}}}"#))
                .expect("a valid event")
        };
        let update = |seq, patch: &str| {
            record(seq, &format!(r#"{{"type":"object_updated","name":"a","patch":{patch}}}"#))
        };
        let events =
            [update(9, r#"{"x":3,"opacity":0.5}"#), update(7, r#"{"x":2}"#), update(4, r#"{"x":1}"#)];
        let said: Vec<Vec<String>> = told(&events)
            .into_iter()
            .map(|changes| {
                let words = |c: Change| format!("{} {}→{}", c.field, c.from.unwrap_or_default(), c.to);
                changes.into_iter().map(words).collect()
            })
            .collect();
        assert_eq!(said, [vec!["opacity →0.5", "x 2→3"], vec!["x 1→2"], vec!["x →1"]]);
    }

    #[test]
    fn web79_a_drag_is_one_line_from_where_it_began_to_where_it_ended() {
        let moved = |seq: u64, at: u64, by: &str, x: f64| -> EventRecord {
            let event = format!(r#"{{"type":"object_updated","name":"a","patch":{{"x":{x:?}}}}}"#);
            let by = format!(r#"{{"client_id":"{by}","command_id":{seq}}}"#);
            serde_json::from_str(&format!(r#"{{"seq":{seq},"at":{at},"by":{by},"event":{event}}}"#))
                .expect("a valid event")
        };
        let events = [
            moved(6, 9_000, "ada", 5.0),
            moved(5, 300, "ada", 4.0),
            moved(4, 200, "ada", 3.0),
            moved(2, 100, "bob", 2.0),
        ];
        let lines: Vec<_> = rows(&events, told(&events))
            .into_iter()
            .map(|Row { record, count, changes }| {
                let words =
                    |c: &Change| format!("{} {}→{}", c.field, c.from.clone().unwrap_or_default(), c.to);
                (record.seq, count, changes.iter().map(words).collect::<Vec<_>>().join(", "))
            })
            .collect();
        let line = |seq, count, words: &str| (seq, count, words.to_owned());
        assert_eq!(lines, [line(6, 1, "x 4→5"), line(5, 2, "x 2→4"), line(2, 1, "x →2")]);
    }
}
