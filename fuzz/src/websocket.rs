//! Bytes of a client on a WebSocket: frames, messages, commands, events, mirrors.
//!
//! Input: a byte that says the encoding (bit 0) and the form (bit 1), a byte that says in what pieces the bytes come,
//! then either the bytes as they are on the wire, or frames to be made of `opcode`, `len` (two bytes) and payload.

use vws_core::wire::{ClientMessage, Encoding};
use vws_core::{Command, Rejection};
use vws_server::fuzzing::{Message, read};

use crate::input::Input;
use crate::memory;
use crate::promises::{self, World};

/// The largest message that is taken: one that inputs reach.
pub const MAX_MESSAGE: usize = 2 * 1024;

/// Bytes of the smallest frame of a client: a head and its mask.
const SMALLEST_FRAME: usize = 6;

/// Does it all.
///
/// # Panics
/// Where a promise is broken.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let form = input.byte();
    let encoding = if form & 1 == 0 { Encoding::Json } else { Encoding::MessagePack };
    let at_once = usize::from(input.byte());
    let bytes = if form & 2 == 0 { frames(input) } else { input.rest().to_vec() };
    // The lists are none of the reader's memory: there is one message for a frame at most, and a fault at the end.
    let mut said = Vec::with_capacity(bytes.len() / SMALLEST_FRAME + 1);
    memory::bounded(bytes.len(), 4 * 1024, 8, || read(&bytes, at_once, MAX_MESSAGE, &mut said));
    let mut whole = Vec::new();
    read(&bytes, bytes.len(), MAX_MESSAGE, &mut whole);
    assert_eq!(said, whole, "WS21: it depends on where the bytes are cut");
    // Most inputs have no command in them.
    let mut world = None;
    for message in said {
        match message {
            Message::Text(text) => {
                assert!(std::str::from_utf8(&text).is_ok(), "WS22");
                judge(encoding, &text, &mut world);
            }
            Message::Binary(bytes) => judge(encoding, &bytes, &mut world),
            Message::Ping(carried) => assert!(carried.len() <= 125, "WS22"),
            Message::Pong | Message::Close(_) | Message::Broken(_) | Message::TooBig => {}
        }
    }
    if let Some(world) = world {
        world.end();
    }
}

/// Masked frames, as a client makes them, of what the input has.
fn frames(mut input: Input<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !input.is_empty() {
        let opcode = input.byte();
        let len = usize::from(input.short());
        frame(&mut bytes, opcode, input.take(len));
    }
    bytes
}

/// Adds a masked frame with the shortest head.
pub fn frame(bytes: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    bytes.push(opcode);
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    let mask = [opcode ^ 0x5a, payload.len() as u8, 7, 0xa5];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
}

fn judge(encoding: Encoding, bytes: &[u8], world: &mut Option<World>) {
    promises::both_encodings::<ClientMessage>(encoding, bytes);
    let read = memory::bounded(bytes.len(), 16 * 1024, 128, || encoding.decode_client(bytes));
    let refused = match read {
        Err(rejection) => {
            // A command that cannot be read is refused by its number (WS9), and never taken for one that can.
            if let Some(id) = encoding.command_id(bytes) {
                assert!(id > 0, "WS9");
            }
            Some(rejection)
        }
        Ok(message) => {
            promises::message(&message);
            act(&message, encoding, bytes, world).err()
        }
    };
    if let Some(rejection) = refused {
        promises::refusal(&rejection, bytes.len());
    }
}

fn act(
    message: &ClientMessage,
    encoding: Encoding,
    bytes: &[u8],
    world: &mut Option<World>,
) -> Result<(), Rejection> {
    match message {
        ClientMessage::Command(command) => {
            assert_eq!(encoding.command_id(bytes), Some(command.id), "WS9: one number for a command");
            let json = vws_core::wire::canonical_json(&command.command);
            assert_eq!(vws_core::wire::parse_json::<Command>(&json).as_ref(), Ok(&command.command), "LAW9");
            world.get_or_insert_with(World::default).command(command)
        }
        ClientMessage::Hello(hello) => {
            let identity = hello.check()?;
            let again = hello.check();
            assert_eq!(again.as_ref(), Ok(&identity), "ID3");
            Ok(())
        }
        ClientMessage::Presence(draft) => {
            let presence = draft.check()?;
            for encoding in Encoding::ALL {
                let message = vws_core::wire::ServerMessage::Presence {
                    peers: vec![vws_core::wire::Peer {
                        client_id: vws_core::ClientId::new("fuzz").expect("an id"),
                        name: None,
                        color: None,
                        presence: presence.clone(),
                    }],
                    left: Vec::new(),
                };
                assert_eq!(encoding.decode_server(&encoding.encode_server(&message)), Ok(message), "LAW9");
            }
            Ok(())
        }
        ClientMessage::Resume { .. } | ClientMessage::Ping { .. } => Ok(()),
    }
}
