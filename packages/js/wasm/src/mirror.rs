//! A replica of a live session.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use vws_core::history::{Purpose, UndoStack, Way};
use vws_core::model::{Epoch, Seq};
use vws_core::reduce::State;
use vws_core::replica::{Effect, View};
use vws_core::wire::{ClientMessage, Encoding, PresenceDraft, Secret, ServerMessage};
use vws_core::{ClientId, Command, EventRecord, Rejection, Replica, Session};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::outcome::Outcome;
use crate::output::{self, Changed};
use crate::{input, state};

/// A replica of a live session. It never sends, waits or reads a clock: messages come in and go out by
/// its methods, as texts or bytes of its encoding.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Mirror {
    replica: Replica,
    encoding: Encoding,
    history: UndoStack,
}

#[derive(Debug, Serialize)]
struct Sent {
    id: u64,
    changed: Changed,
}

#[wasm_bindgen]
impl Mirror {
    /// A mirror that holds nothing yet, of a client of this id.
    ///
    /// # Errors
    /// The problem with the client's id, or with the encoding, which is `json` or `msgpack`.
    #[wasm_bindgen(constructor)]
    pub fn new(client_id: &str, encoding: &str) -> Result<Self, JsValue> {
        let client_id = ClientId::new(client_id).map_err(output::refused)?;
        let encoding = match encoding {
            "json" => Encoding::Json,
            "msgpack" => Encoding::MessagePack,
            other => return Err(format!("encoding = {other:?} is not json or msgpack").into()),
        };
        Ok(Self { replica: Replica::new(client_id), encoding, history: UndoStack::default() })
    }

    /// What a WebSocket is asked to speak.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn subprotocol(&self) -> String {
        self.encoding.subprotocol().to_owned()
    }

    /// The first message of a connection.
    ///
    /// # Errors
    /// The problem with the name or the colour.
    pub fn hello(
        &self,
        name: Option<String>,
        color: Option<String>,
        token: Option<String>,
    ) -> Result<JsValue, JsValue> {
        let mut hello = self.replica.hello(name, color);
        hello.token = token.map(Secret);
        hello.check().map_err(output::refused)?;
        Ok(self.encode(&ClientMessage::Hello(hello)))
    }

    /// Takes the server's messages in, as they came. Gives what they led to, with an array `send` of
    /// messages that are to be sent now.
    ///
    /// # Errors
    /// A text, where one of them is no message of this protocol: connect anew.
    pub fn receive(&mut self, messages: &Array, with_events: bool) -> Result<JsValue, JsValue> {
        let mut outcome = Outcome::default();
        let send = Array::new();
        let mut run: Vec<ServerMessage> = Vec::new();
        for message in messages.iter() {
            let message = self.decode(&message)?;
            // Events that follow one another are taken in at once; what else comes is taken in alone, so
            // that it is known which events the state took.
            let is_event = matches!(message, ServerMessage::Event(_));
            if !is_event {
                self.take(std::mem::take(&mut run), with_events, &mut outcome, &send);
            }
            if let ServerMessage::Welcome(welcome) = &message {
                outcome.welcomed = Some(welcome.head_seq);
            }
            run.push(message);
            if !is_event {
                self.take(std::mem::take(&mut run), with_events, &mut outcome, &send);
            }
        }
        self.take(run, with_events, &mut outcome, &send);
        let outcome = output::value(&outcome);
        js_sys::Reflect::set(&outcome, &"send".into(), &send)?;
        Ok(outcome)
    }

    fn take(&mut self, run: Vec<ServerMessage>, with_events: bool, outcome: &mut Outcome, send: &Array) {
        if run.is_empty() {
            return;
        }
        let has_mine = run.iter().filter_map(event).any(|record| self.own(record).is_some());
        let records: Vec<EventRecord> = match with_events || has_mine {
            true => run.iter().filter_map(event).cloned().collect(),
            false => Vec::new(),
        };
        let before = self.replica.confirmed().map(place);
        // What a step changed is told by the states before its events: objects are shared, not copied.
        let mut then = if has_mine { self.replica.confirmed().cloned() } else { None };
        let effects = self.replica.receive(run);
        if let (Some((epoch, mut seq)), Some(after)) = (before, self.replica.confirmed().map(place)) {
            if epoch != after.0 {
                self.history.clear();
            }
            for record in records {
                if epoch == after.0 && record.seq == seq + 1 && record.seq <= after.1 {
                    seq = record.seq;
                    self.remember(then.as_mut(), &record);
                    outcome.events.extend(with_events.then_some(record));
                }
            }
        }
        for effect in effects {
            if let Effect::Send(message) = &effect {
                send.push(&self.encode(message));
            }
            self.follow(&effect);
            outcome.add(effect);
        }
    }

    /// Tells the history of an event that the state `then` is about to take.
    fn remember(&mut self, then: Option<&mut Session>, record: &EventRecord) {
        let Some(then) = then else { return };
        if let Some(id) = self.own(record) {
            self.history.record(id, then, record);
        }
        // A step that misses an event is forgotten, so what does not follow does no harm.
        let _ = then.apply(record);
    }

    /// Tells the history what became of a command.
    fn follow(&mut self, effect: &Effect) {
        match effect {
            Effect::Acknowledged { id, events, .. } => {
                // A step that there was nothing to do for is told by its number of events.
                self.history.done(*id, *events);
            }
            Effect::Rejected { id, .. } | Effect::OutcomeUnknown { id, .. } => self.history.refused(*id),
            _ => {}
        }
    }

    /// The number of this client's command that an event came of.
    fn own(&self, record: &EventRecord) -> Option<u64> {
        record.by.as_ref().filter(|by| by.client_id == *self.replica.client_id()).map(|by| by.command_id)
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.replica.disconnected();
    }

    /// Judges a command; when it stands, it is shown at once. Gives its id, what changed, and the
    /// `message` to send. `now` is in milliseconds since 1970. Commands that follow one another with the
    /// same gesture are taken back at once.
    ///
    /// # Errors
    /// The problem, in the server's words.
    pub fn submit(
        &mut self,
        command: &JsValue,
        expect_version: Option<f64>,
        gesture: Option<f64>,
        now: f64,
    ) -> Result<JsValue, JsValue> {
        let command: Command = input::read(command).map_err(output::refused)?;
        let purpose = Purpose::Change { gesture: gesture.map(millis) };
        self.send(command, version(expect_version), purpose, now).map_err(output::refused)
    }

    /// Whether there is a step to take back, or with `redo` one to do again.
    #[wasm_bindgen(js_name = hasStep)]
    #[must_use]
    pub fn has_step(&self, redo: bool) -> bool {
        self.history.has(way(redo))
    }

    /// Submits the command that takes this client's last step back, or with `redo` does again what was taken
    /// back last; answers as `submit`, or `undefined` where there is no step. One that is refused is
    /// forgotten.
    ///
    /// # Errors
    /// The problem, in the server's words.
    pub fn step(&mut self, redo: bool, now: f64) -> Result<JsValue, JsValue> {
        let way = way(redo);
        let Some(command) = self.history.next(way) else { return Ok(JsValue::UNDEFINED) };
        self.send(command, None, Purpose::Back(way), now).map_err(|refused| {
            self.history.give_up(way);
            output::refused(refused)
        })
    }

    fn send(
        &mut self,
        command: Command,
        expect_version: Option<Seq>,
        purpose: Purpose,
        now: f64,
    ) -> Result<JsValue, Rejection> {
        let submitted = self.replica.submit(command, expect_version, millis(now))?;
        self.history.submitted(submitted.id, purpose);
        let sent = output::value(&Sent { id: submitted.id, changed: submitted.touched.into() });
        let message = self.encode(&submitted.message);
        js_sys::Reflect::set(&sent, &"message".into(), &message).expect("a fresh object takes a field");
        Ok(sent)
    }

    /// Judges a command, and does nothing with it.
    ///
    /// # Errors
    /// The problem, in the server's words.
    pub fn judge(&self, command: &JsValue, expect_version: Option<f64>, now: f64) -> Result<(), JsValue> {
        let command: Command = input::read(command).map_err(output::refused)?;
        self.replica.judge(&command, version(expect_version), millis(now)).map_err(output::refused)
    }

    /// The message that shows a presence to the peers.
    ///
    /// # Errors
    /// The problem, in the server's words.
    pub fn presence(&self, draft: &JsValue) -> Result<JsValue, JsValue> {
        let input::Decoded::<PresenceDraft>(draft) = input::read(draft).map_err(output::refused)?;
        draft.check().map_err(output::refused)?;
        Ok(self.encode(&ClientMessage::Presence(draft)))
    }

    /// The message that asks for a sign of life.
    #[must_use]
    pub fn ping(&self, t: f64) -> JsValue {
        self.encode(&ClientMessage::Ping { t })
    }

    /// The other clients, with what they show.
    #[must_use]
    pub fn peers(&self) -> JsValue {
        output::value(&self.replica.peers().collect::<Vec<_>>())
    }

    /// Who this client is.
    #[wasm_bindgen(getter, js_name = clientId)]
    #[must_use]
    pub fn client_id(&self) -> String {
        self.replica.client_id().to_string()
    }

    /// Whether messages come in and the state is the server's.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn live(&self) -> bool {
        self.replica.is_live()
    }

    /// How many commands wait for the server's verdict.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn pending(&self) -> usize {
        self.replica.pending()
    }

    /// The seq of the last confirmed event; 0 before a state is there.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn seq(&self) -> f64 {
        self.replica.confirmed().map_or(0, State::seq) as f64
    }

    /// The epoch of the session's history; 0 before a state is there.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn epoch(&self) -> f64 {
        self.replica.confirmed().map_or(0, Session::epoch) as f64
    }

    /// The digest of the confirmed state; empty before one is there.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn digest(&self) -> String {
        self.replica.confirmed().map(|session| session.digest().to_string()).unwrap_or_default()
    }

    /// The session's id; empty before a state is there.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn id(&self) -> String {
        self.replica.session_id().map(|id| id.to_string()).unwrap_or_default()
    }

    /// The session's name, as shown.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.replica.view()?.name().map(|name| name.as_str().to_owned())
    }

    /// The world, as shown; `undefined` before a state is there.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn world(&self) -> JsValue {
        self.view(JsValue::UNDEFINED, |view| output::value(view.world()))
    }

    /// How many objects are shown.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn size(&self) -> usize {
        self.view(0, |view| view.object_count())
    }

    /// One object as shown, or `undefined`.
    #[must_use]
    pub fn object(&self, name: &str) -> JsValue {
        self.view(JsValue::UNDEFINED, |view| state::object(view, name))
    }

    /// The names of all objects as shown, in the order of their bytes.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.view(Vec::new(), |view| state::names(view.objects()))
    }

    /// The objects of these names as a JSON array, with null for one that is not there.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands vectors over")]
    pub fn objects(&self, names: Vec<String>) -> String {
        self.view("[]".to_owned(), |view| state::objects(view, &names))
    }

    fn view<T>(&self, otherwise: T, look: impl FnOnce(&View<'_>) -> T) -> T {
        self.replica.view().as_ref().map_or(otherwise, look)
    }

    fn encode(&self, message: &ClientMessage) -> JsValue {
        let bytes = self.encoding.encode_client(message);
        match self.encoding {
            Encoding::Json => String::from_utf8(bytes).expect("JSON is UTF-8").into(),
            Encoding::MessagePack => Uint8Array::from(bytes.as_slice()).into(),
        }
    }

    fn decode(&self, message: &JsValue) -> Result<ServerMessage, JsValue> {
        let decoded = match message.as_string() {
            Some(text) => self.encoding.decode_server(text.as_bytes()),
            None => self.encoding.decode_server(&message.unchecked_ref::<Uint8Array>().to_vec()),
        };
        decoded.map_err(|error| error.to_string().into())
    }
}

fn event(message: &ServerMessage) -> Option<&EventRecord> {
    match message {
        ServerMessage::Event(record) => Some(record),
        _ => None,
    }
}

const fn way(redo: bool) -> Way {
    if redo { Way::Redo } else { Way::Undo }
}

fn place(session: &Session) -> (Epoch, Seq) {
    (session.epoch(), session.seq())
}

/// A whole number of JavaScript; what is none becomes the nearest that is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` gives the nearest")]
fn millis(value: f64) -> u64 {
    value as u64
}

fn version(value: Option<f64>) -> Option<Seq> {
    value.map(millis)
}
