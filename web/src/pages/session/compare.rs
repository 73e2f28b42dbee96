//! Two moments side by side: what leads from the one to the other, and how to get it back.

use std::rc::Rc;

use vws_core::command::Command;
use vws_core::history::diff;
use vws_core::model::Seq;
use vws_core::reduce::State;
use vws_core::{ObjectName, Session};
use web_sys::SubmitEvent;
use yew::prelude::*;

use super::context::use_session;
use super::object_history::change;
use super::timeline::use_time;
use crate::client::SessionClient;
use crate::client::progress::grouped;
use crate::past::trail::Trail;
use crate::past::words::{self, Change};
use crate::ui::dialog::Dialog;
use crate::ui::{Button, Field, Icon, IconButton, Kind, Tone, use_toasts};

/// Differences that are listed; more are a number.
const LISTED: usize = 200;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq)]
struct Difference {
    object: Option<ObjectName>,
    words: String,
    changes: Vec<Change>,
}

/// What leads from one state to another.
#[derive(Debug, Clone, PartialEq)]
struct Compared {
    ends: [Seq; 2],
    differences: Vec<Difference>,
    /// How many there are, listed or not.
    count: usize,
}

fn compare(from: &Session, to: &Session) -> Compared {
    let commands = diff(from, to);
    let differences = commands.iter().take(LISTED).map(|command| {
        let name = match command {
            Command::CreateObject { object } => Some(object.name.as_str()),
            Command::UpdateObject { name, .. } | Command::DeleteObject { name } => Some(name.as_str()),
            _ => None,
        };
        let changes = match command {
            Command::UpdateObject { name, .. } => match (from.object(name), to.object(name)) {
                (Some(before), Some(after)) => fields(&**before, &**after),
                _ => Vec::new(),
            },
            Command::UpdateWorld { .. } => fields(from.world(), to.world()),
            _ => Vec::new(),
        };
        let object = name.and_then(|name| ObjectName::new("name", name).ok());
        Difference { object, words: words::command(command), changes }
    });
    Compared { ends: [from.seq(), to.seq()], differences: differences.collect(), count: commands.len() }
}

fn fields(before: &impl serde::Serialize, after: &impl serde::Serialize) -> Vec<Change> {
    let (mut before, mut after) = (words::flat(before), words::flat(after));
    // A property that is gone is one that became nothing.
    for key in before.keys().filter(|key| key.starts_with("properties/")) {
        after.entry(key.clone()).or_insert(serde_json::Value::Null);
    }
    for fields in [&mut before, &mut after] {
        // An orbit is compared as a command of its own.
        fields.retain(|key, _| !key.starts_with("orbit"));
    }
    words::changes(&before, &after)
}

/// The moment that a field names: a seq, or the present where it is empty.
fn moment(text: &str, base: Seq, head: Seq) -> Result<Option<Seq>, String> {
    let text = text.trim().replace(',', "");
    if text.is_empty() {
        return Ok(None);
    }
    let seq = text.parse::<Seq>().ok().filter(|seq| (base..=head).contains(seq));
    let expected = || format!("A seq between {} and {}, or nothing for now", grouped(base), grouped(head));
    seq.map(Some).ok_or_else(expected)
}

/// A button that compares two moments.
#[component]
pub(super) fn Compare() -> Html {
    let open = use_state(|| false);
    let set = |to: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(to))
    };
    html! {
        <>
            <IconButton icon={Icon::Compare} label="Compare two moments" onclick={set(true).reform(|_| ())} testid="compare" />
            if *open { <CompareDialog onclose={set(false)} /> }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct CompareDialogProps {
    onclose: Callback<()>,
}

#[component]
fn CompareDialog(props: &CompareDialogProps) -> Html {
    let session = use_session();
    let time = use_time();
    let (base, head) = (time.trail(Trail::base), time.head());
    let from = use_state(|| if time.is_live() { base } else { time.position() }.to_string());
    let to = use_state(String::new);
    let compared = use_state(|| None::<Result<Compared, String>>);
    let busy = use_state(|| false);
    let moments = (moment(&from, base, head), moment(&to, base, head));
    let onsubmit = {
        let (moments, compared, busy, time) =
            (moments.clone(), compared.setter(), busy.setter(), Rc::clone(&time));
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Ok(from), Ok(to)) = moments.clone() else { return };
            let (compared, busy, time) = (compared.clone(), busy.clone(), Rc::clone(&time));
            busy.set(true);
            wasm_bindgen_futures::spawn_local(async move {
                let states = time.states([from, to]).await;
                compared.set(Some(states.map(|[from, to]| compare(&from, &to)).map_err(|e| e.words())));
                busy.set(false);
            });
        })
    };
    let field = |state: &UseStateHandle<String>,
                 id: &'static str,
                 label: &'static str,
                 said: &Result<Option<Seq>, String>| {
        let setter = state.setter();
        let refusal = said
            .as_ref()
            .err()
            .map(|words| crate::form::Refusal { code: "moment_invalid", words: words.clone() });
        html! {
            <Field {id} {label} value={(**state).clone()} oninput={Callback::from(move |text| setter.set(text))} {refusal} number=true placeholder="now" />
        }
    };
    let disabled = *busy || moments.0.is_err() || moments.1.is_err();
    html! {
        <Dialog title="Compare two moments" onclose={props.onclose.clone()} testid="compare-dialog">
            <form class="compare-form" {onsubmit}>
                { field(&from, "compare-from", "From seq", &moments.0) }
                { field(&to, "compare-to", "To seq (empty for now)", &moments.1) }
                <Button label="Compare" kind={Kind::Primary} submit=true {disabled} testid="compare-now" />
            </form>
            { match compared.as_ref() {
                None => html! { <p class="hint">{ "What would have to be done at the first moment to get to the second." }</p> },
                Some(Err(why)) => html! { <p class="report-bad" role="alert">{ format!("They cannot be compared: {why}") }</p> },
                Some(Ok(found)) => html! { <Found found={found.clone()} onclose={props.onclose.clone()} client={Rc::clone(&session.client)} /> },
            } }
            <div class="dialog-actions">
                <Button label="Close" onclick={props.onclose.reform(|_| ())} testid="compare-close" />
            </div>
        </Dialog>
    }
}

#[derive(Properties)]
struct FoundProps {
    found: Compared,
    onclose: Callback<()>,
    client: Rc<SessionClient>,
}

impl PartialEq for FoundProps {
    fn eq(&self, other: &Self) -> bool {
        self.found == other.found && Rc::ptr_eq(&self.client, &other.client)
    }
}

/// What differs, and a way to have the first moment back.
#[component]
fn Found(props: &FoundProps) -> Html {
    let time = use_time();
    let toasts = use_toasts();
    let Compared { ends: [from, to], differences, count } = &props.found;
    let (from, to) = (*from, *to);
    let onback = {
        let (time, onclose) = (Rc::clone(&time), props.onclose.clone());
        Callback::from(move |_: MouseEvent| {
            let (time, onclose, toasts) = (Rc::clone(&time), onclose.clone(), toasts.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match time.states([None, Some(from)]).await {
                    Ok([now, then]) => {
                        time.live();
                        let commands = diff(&now, &then);
                        if bring_back(time.client(), commands) {
                            toasts
                                .say(Tone::Good, format!("The world is as it was at seq {}.", grouped(from)));
                        }
                        onclose.emit(());
                    }
                    Err(error) => toasts.say(Tone::Bad, format!("Not brought back: {}", error.words())),
                }
            });
        })
    };
    if *count == 0 {
        return html! { <p class="report-good" data-testid="compare-same">{ "Nothing differs: both have the same content." }</p> };
    }
    html! {
        <div data-testid="compare-found">
            <p class="compare-head">{ format!("{} from seq {} to seq {}", counted(*count), grouped(from), grouped(to)) }</p>
            <ol class="report-list" tabindex="0" aria-label="What differs">
                { for differences.iter().map(|difference| {
                    let onclick = difference.object.clone().map(|name| {
                        let (client, onclose) = (Rc::clone(&props.client), props.onclose.clone());
                        Callback::from(move |_: MouseEvent| {
                            client.select(Some(name.clone()));
                            onclose.emit(());
                        })
                    });
                    html! {
                        <li data-testid="difference">
                            if let Some(onclick) = onclick {
                                <button type="button" class="difference" {onclick} title="Select it">{ &difference.words }</button>
                            } else {
                                <span>{ &difference.words }</span>
                            }
                            { for difference.changes.iter().map(change) }
                        </li>
                    }
                }) }
            </ol>
            if *count > differences.len() { <p class="hint">{ format!("and {} more", grouped((count - differences.len()) as u64)) }</p> }
            <p class="compare-back">
                <Button label={format!("Make the present as it was at seq {}", grouped(from))} icon={Icon::Clock} onclick={onback} testid="bring-back" />
                <span class="hint">{ "As changes of yours, for everybody. The history stays." }</span>
            </p>
        </div>
    }
}

fn counted(count: usize) -> String {
    if count == 1 { "One difference".to_owned() } else { format!("{} differences", grouped(count as u64)) }
}

/// Sends the commands in as few batches as the server takes; answers whether all of them stand.
fn bring_back(client: &SessionClient, commands: Vec<Command>) -> bool {
    let most = client.read(|replica| replica.limits().commands_per_batch).max(1) as usize;
    commands.chunks(most).all(|commands| client.submit(Command::Batch { commands: commands.to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web54_a_moment_is_a_seq_that_is_kept_or_now() {
        assert_eq!(moment("", 5, 1_200), Ok(None));
        assert_eq!(moment(" 1,200 ", 5, 1_200), Ok(Some(1_200)));
        for text in ["4", "1201", "x", "-1", "1.5"] {
            assert_eq!(
                moment(text, 5, 1_200),
                Err("A seq between 5 and 1,200, or nothing for now".to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn web54_what_differs_is_told_with_its_fields() {
        let id = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut before = Session::new(id, None, 0, 1);
        let apply = |session: &mut Session, event: &str| {
            let seq = session.seq() + 1;
            let record = format!(r#"{{"seq":{seq},"at":0,"event":{event}}}"#);
            session.apply(&serde_json::from_str(&record).expect("a valid event")).expect("the next");
        };
        let object = r##"{"name":"a","type":"cube","x":0,"y":0,"z":0,"rotation":{"x":0,"y":0,"z":0},"scale":{"x":1,"y":1,"z":1},"color":"#ffffff","opacity":1,"visible":true,"text":"","properties":{"k":1},"version":1,"created_at":0,"updated_at":0}"##;
        apply(&mut before, &format!(r#"{{"type":"object_created","object":{object}}}"#));
        let mut after = before.clone();
        apply(&mut after, r#"{"type":"object_updated","name":"a","patch":{"x":5,"properties":{"k":null}}}"#);
        let found = compare(&before, &after);
        assert_eq!((found.ends, found.count), ([1, 2], 1));
        let told: Vec<_> =
            found.differences[0].changes.iter().map(|c| (c.field.as_str(), c.to.as_str())).collect();
        assert_eq!(found.differences[0].words, "change a");
        assert_eq!(told, [("k", "nothing"), ("x", "5")]);
        assert_eq!(compare(&after, &after).count, 0);
    }
}
