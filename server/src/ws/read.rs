//! What a client sends, as RFC 6455 has it: bytes in, messages out.
//!
//! The heads of frames are read by tungstenite; putting together what they carry is done here, since that is what
//! decides about memory: an idle connection holds no buffer at all, and what a client announces costs nothing until
//! it has sent it.

use std::borrow::Cow;
use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::feed::frame::MOST_OF_CONTROL;

/// A message of a client, or a control frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<'a> {
    /// UTF-8.
    Text(Cow<'a, [u8]>),
    Binary(Cow<'a, [u8]>),
    /// To be answered with what it carries.
    Ping(&'a [u8]),
    Pong,
    /// The client ends the connection, with the code that it gives.
    Close(Option<u16>),
}

/// Why nothing more can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is against the standard.
    Protocol(&'static str),
    /// A message is larger than allowed.
    TooBig,
}

/// The bytes of one client, put together.
#[derive(Debug)]
pub(super) struct Reader {
    /// What has come and was not read yet begins at `at`. Not allocated while all has been.
    bytes: Vec<u8>,
    at: usize,
    /// The message whose last fragment is still to come.
    begun: Option<Begun>,
    max_message: usize,
}

#[derive(Debug)]
struct Begun {
    is_text: bool,
    payload: Vec<u8>,
    /// How much of a text has been found to be UTF-8.
    checked: usize,
}

impl Begun {
    fn new(is_text: bool) -> Self {
        Self { is_text, payload: Vec::new(), checked: 0 }
    }

    /// A fragment more. Between two of a text a letter may be cut.
    fn extend(&mut self, fragment: &[u8]) -> Result<(), Fault> {
        self.payload.extend_from_slice(fragment);
        if self.is_text
            && let Err(found) = std::str::from_utf8(&self.payload[self.checked..])
        {
            if found.error_len().is_some() {
                return Err(NO_UTF8);
            }
            self.checked += found.valid_up_to();
        } else {
            self.checked = self.payload.len();
        }
        Ok(())
    }
}

const NO_UTF8: Fault = Fault::Protocol("a text that is no UTF-8");

/// A frame whose head has been found right, and whose payload is all there.
#[derive(Debug)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    payload: std::ops::Range<usize>,
}

impl Reader {
    pub(super) const fn new(max_message: usize) -> Self {
        Self { bytes: Vec::new(), at: 0, begun: None, max_message }
    }

    /// Takes in what has come.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Lets go of the buffer where all that has come was read.
    pub(super) fn rest(&mut self) {
        if self.at == self.bytes.len() {
            (self.bytes, self.at) = (Vec::new(), 0);
        }
    }

    /// Lets go of all that has come.
    pub(super) fn forget(&mut self) {
        (self.bytes, self.at) = (Vec::new(), 0);
    }

    /// The next message or control frame; `None` until more has come.
    ///
    /// # Errors
    /// [`Fault`]. Nothing that comes afterwards means anything.
    pub(super) fn next(&mut self) -> Result<Option<Received<'_>>, Fault> {
        while let Some(frame) = self.frame()? {
            let is_text = match frame.opcode {
                OpCode::Control(control) => {
                    return received_control(control, &self.bytes[frame.payload]).map(Some);
                }
                OpCode::Data(Data::Continue) => {
                    let mut begun = self.begun.take().expect("a frame that goes on with nothing is refused");
                    begun.extend(&self.bytes[frame.payload])?;
                    if !frame.is_final {
                        self.begun = Some(begun);
                        continue;
                    }
                    let Begun { is_text, payload, checked } = begun;
                    if checked < payload.len() {
                        return Err(NO_UTF8);
                    }
                    return Ok(Some(received(is_text, payload.into())));
                }
                OpCode::Data(data) => data == Data::Text,
            };
            if !frame.is_final {
                self.begun.insert(Begun::new(is_text)).extend(&self.bytes[frame.payload])?;
                continue;
            }
            let payload = &self.bytes[frame.payload];
            if is_text && std::str::from_utf8(payload).is_err() {
                return Err(NO_UTF8);
            }
            return Ok(Some(received(is_text, payload.into())));
        }
        Ok(None)
    }

    /// The next frame, unmasked, where all of it has come. What is wrong with a head is told before the rest
    /// has come.
    fn frame(&mut self) -> Result<Option<Frame>, Fault> {
        let mut cursor = Cursor::new(&self.bytes[self.at..]);
        let parsed =
            FrameHeader::parse(&mut cursor).map_err(|_| Fault::Protocol("a head that cannot be read"))?;
        let Some((header, len)) = parsed else { return Ok(None) };
        let head = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let begun = self.begun.as_ref().map(|begun| begun.payload.len());
        let (mask, len) = check(&header, len, begun, self.max_message)?;
        let payload = self.at + head..self.at + head + len;
        let Some(masked) = self.bytes.get_mut(payload.clone()) else {
            return Ok(None);
        };
        unmask(masked, mask);
        self.at = payload.end;
        Ok(Some(Frame { opcode: header.opcode, is_final: header.is_final, payload }))
    }
}

/// Takes a mask off, eight bytes at a time.
fn unmask(masked: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = masked.as_chunks_mut();
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// The mask and the length of a frame, where `begun` bytes of a message have come that goes on.
fn check(
    header: &FrameHeader,
    len: u64,
    begun: Option<usize>,
    max_message: usize,
) -> Result<([u8; 4], usize), Fault> {
    if header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(Fault::Protocol("a reserved bit is set"));
    }
    let mask = header.mask.ok_or(Fault::Protocol("a frame of a client is not masked"))?;
    let max = match (header.opcode, begun) {
        (OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)), _) => {
            return Err(Fault::Protocol("an opcode that means nothing"));
        }
        (OpCode::Control(_), _) if !header.is_final => {
            return Err(Fault::Protocol("a control frame in fragments"));
        }
        (OpCode::Control(_), _) if len > MOST_OF_CONTROL as u64 => {
            return Err(Fault::Protocol("a control frame that is too long"));
        }
        (OpCode::Control(_), _) => MOST_OF_CONTROL,
        (OpCode::Data(Data::Continue), None) => {
            return Err(Fault::Protocol("a message goes on that has not begun"));
        }
        (OpCode::Data(Data::Continue), Some(begun)) => max_message.saturating_sub(begun),
        (OpCode::Data(Data::Text | Data::Binary), Some(_)) => {
            return Err(Fault::Protocol("a message begins within another one"));
        }
        (OpCode::Data(Data::Text | Data::Binary), None) => max_message,
    };
    let len = usize::try_from(len).ok().filter(|len| *len <= max).ok_or(Fault::TooBig)?;
    Ok((mask, len))
}

fn received(is_text: bool, payload: Cow<'_, [u8]>) -> Received<'_> {
    if is_text { Received::Text(payload) } else { Received::Binary(payload) }
}

fn received_control(control: Control, payload: &[u8]) -> Result<Received<'_>, Fault> {
    match control {
        Control::Ping => Ok(Received::Ping(payload)),
        Control::Pong => Ok(Received::Pong),
        Control::Close => match payload {
            [] => Ok(Received::Close(None)),
            [_] => Err(Fault::Protocol("half a close code")),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !CloseCode::from(code).is_allowed() {
                    return Err(Fault::Protocol("a close code that nobody may send"));
                }
                match std::str::from_utf8(reason) {
                    Ok(_) => Ok(Received::Close(Some(code))),
                    Err(_) => Err(Fault::Protocol("a reason that is no UTF-8")),
                }
            }
        },
        Control::Reserved(_) => Err(Fault::Protocol("an opcode that means nothing")),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
