//! One WebSocket of the browser, speaking the wire protocol.

use gloo_events::EventListener;
use js_sys::{ArrayBuffer, Uint8Array};
use vws_core::wire::{ClientMessage, DecodeError, Encoding, ServerMessage};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// Bytes that may wait in the browser for the network. More are not handed over: they would sit
/// there, out of reach, should the connection break.
pub const MAX_BUFFERED: u32 = 1024 * 1024;

/// What the page speaks. One of the two only: the reader of each is a tenth of the program. A debug build asks
/// for none, which means JSON: the development server's proxy does not answer for a subprotocol, and browsers
/// then close the socket.
const SPOKEN: Encoding = if cfg!(debug_assertions) { Encoding::Json } else { Encoding::MessagePack };

/// What a socket tells its owner. None is called after the socket is dropped.
pub struct Hooks {
    /// It is open: messages can be sent.
    pub opened: Box<dyn Fn()>,
    /// A message has come, or something that is none.
    pub message: Box<dyn Fn(Result<ServerMessage, DecodeError>)>,
    /// It is closed, with the code and the reason of the close frame.
    pub closed: Box<dyn Fn(u16, String)>,
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSent;

/// One WebSocket. Dropping it closes it.
pub struct Socket {
    inner: WebSocket,
    _listeners: [EventListener; 3],
}

impl Socket {
    /// Opens a socket to `url`.
    ///
    /// # Errors
    /// What the browser says of an address that it does not connect to at all.
    pub fn open(url: &str, hooks: Hooks) -> Result<Self, JsValue> {
        let inner = match SPOKEN {
            Encoding::Json => WebSocket::new(url)?,
            Encoding::MessagePack => WebSocket::new_with_str(url, SPOKEN.subprotocol())?,
        };
        inner.set_binary_type(BinaryType::Arraybuffer);
        let Hooks { opened, message, closed } = hooks;
        let listeners = [
            EventListener::new(&inner, "open", move |_| opened()),
            EventListener::new(&inner, "message", move |event| {
                if let Some(event) = event.dyn_ref::<MessageEvent>() {
                    message(decode(&event.data()));
                }
            }),
            EventListener::new(&inner, "close", move |event| {
                let frame = event.dyn_ref::<CloseEvent>().map(|e| (e.code(), e.reason()));
                let (code, reason) = frame.unwrap_or_default();
                closed(code, reason);
            }),
        ];
        Ok(Self { inner, _listeners: listeners })
    }

    /// Whether a message may be sent: the socket is open and the network keeps up.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.inner.ready_state() == WebSocket::OPEN && self.inner.buffered_amount() <= MAX_BUFFERED
    }

    /// Hands a message to the browser.
    ///
    /// # Errors
    /// [`NotSent`] when the socket is not [ready](Self::is_ready): nothing of it was sent.
    pub fn send(&self, message: &ClientMessage) -> Result<(), NotSent> {
        if !self.is_ready() {
            return Err(NotSent);
        }
        let bytes = SPOKEN.encode_client(message);
        let sent = match str::from_utf8(&bytes) {
            Ok(text) if SPOKEN.is_text() => self.inner.send_with_str(text),
            _ => self.inner.send_with_u8_array(&bytes),
        };
        sent.map_err(|_| NotSent)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Refused only for a code or reason that is not given here.
        let _ = self.inner.close();
    }
}

fn decode(data: &JsValue) -> Result<ServerMessage, DecodeError> {
    let bytes = match SPOKEN {
        Encoding::Json => data.as_string().map(String::into_bytes),
        Encoding::MessagePack => data.dyn_ref::<ArrayBuffer>().map(|b| Uint8Array::new(b).to_vec()),
    };
    // A message of the other kind is none at all, which no encoding takes.
    SPOKEN.decode_server(&bytes.unwrap_or_default())
}
