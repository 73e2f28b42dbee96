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
    /// A text, or the reason of a close, is no UTF-8.
    NotUtf8,
    /// A message is larger than allowed.
    TooBig,
}

/// The bytes of one client, put together.
#[derive(Debug)]
pub(super) struct Reader {
    /// What has come and was not read yet begins at `at`. Not allocated while all has been.
    bytes: Vec<u8>,
    at: usize,
    /// The message whose end is still to come.
    begun: Option<Begun>,
    /// The frame of it whose end is still to come.
    coming: Option<Coming>,
    /// Messages that have come whole, so that it can be told whether the one that is on its way is still the same.
    whole: u64,
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
                return Err(Fault::NotUtf8);
            }
            self.checked += found.valid_up_to();
        } else {
            self.checked = self.payload.len();
        }
        Ok(())
    }
}

/// A frame whose head has been found right.
#[derive(Debug)]
struct Frame {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// Where it begins among what has come, and how long it will be.
    at: usize,
    len: usize,
}

/// A data frame of which a part has come. What has come is with its message, so that it is judged at once.
#[derive(Debug)]
struct Coming {
    is_final: bool,
    /// As it is for the next byte.
    mask: [u8; 4],
    left: usize,
}

impl Reader {
    pub(super) const fn new(max_message: usize) -> Self {
        Self { bytes: Vec::new(), at: 0, begun: None, coming: None, whole: 0, max_message }
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

    /// Which message is on its way, where one is: it has begun and not ended, whatever control frames came meanwhile.
    pub(super) fn on_its_way(&self) -> Option<u64> {
        (self.begun.is_some() || self.at < self.bytes.len()).then_some(self.whole)
    }

    /// Lets go of all that has come.
    pub(super) fn forget(&mut self) {
        (self.bytes, self.at) = (Vec::new(), 0);
    }

    /// The next message or control frame; `None` until more has come.
    ///
    /// # Errors
    /// [`Fault`], as soon as it is known. Nothing that comes afterwards means anything.
    pub(super) fn next(&mut self) -> Result<Option<Received<'_>>, Fault> {
        loop {
            if self.coming.is_some() {
                let Some(message) = self.go_on()? else { return Ok(None) };
                if let Some(Begun { is_text, payload, .. }) = message {
                    self.whole += 1;
                    return Ok(Some(received(is_text, payload.into())));
                }
            }
            let Some(frame) = self.head()? else { return Ok(None) };
            let is_whole = self.bytes.len() - frame.at >= frame.len;
            let is_text = match frame.opcode {
                OpCode::Control(_) if !is_whole => return Ok(None),
                OpCode::Control(control) => {
                    let payload = self.unmasked(&frame);
                    return received_control(control, &self.bytes[payload]).map(Some);
                }
                OpCode::Data(data) => data == Data::Text,
            };
            if is_whole && frame.is_final && self.begun.is_none() {
                self.whole += 1;
                let payload = self.unmasked(&frame);
                let payload = &self.bytes[payload];
                if is_text && std::str::from_utf8(payload).is_err() {
                    return Err(Fault::NotUtf8);
                }
                return Ok(Some(received(is_text, payload.into())));
            }
            self.begun.get_or_insert_with(|| Begun::new(is_text));
            self.coming = Some(Coming { is_final: frame.is_final, mask: frame.mask, left: frame.len });
            self.at = frame.at;
        }
    }

    /// Takes the mask off a frame that is all there, and passes it over; where its payload is.
    fn unmasked(&mut self, frame: &Frame) -> std::ops::Range<usize> {
        self.at = frame.at + frame.len;
        unmask(&mut self.bytes[frame.at..self.at], frame.mask);
        frame.at..self.at
    }

    /// Gives what has come of a frame to its message. `None` until the frame has its end, and then the message where
    /// that has its end too.
    fn go_on(&mut self) -> Result<Option<Option<Begun>>, Fault> {
        let (Some(coming), Some(begun)) = (&mut self.coming, &mut self.begun) else { return Ok(Some(None)) };
        let here = coming.left.min(self.bytes.len() - self.at);
        let part = &mut self.bytes[self.at..self.at + here];
        unmask(part, coming.mask);
        begun.extend(part)?;
        self.at += here;
        coming.left -= here;
        coming.mask.rotate_left(here % 4);
        if coming.left > 0 {
            return Ok(None);
        }
        let is_final = coming.is_final;
        self.coming = None;
        if !is_final {
            return Ok(Some(None));
        }
        let message = self.begun.take();
        match &message {
            // A letter that is cut, and no more to come.
            Some(begun) if begun.checked < begun.payload.len() => Err(Fault::NotUtf8),
            _ => Ok(Some(message)),
        }
    }

    /// The head of the next frame, where all of it has come.
    fn head(&self) -> Result<Option<Frame>, Fault> {
        let mut cursor = Cursor::new(&self.bytes[self.at..]);
        let parsed =
            FrameHeader::parse(&mut cursor).map_err(|_| Fault::Protocol("a head that cannot be read"))?;
        let Some((header, len)) = parsed else { return Ok(None) };
        let at = self.at + usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let begun = self.begun.as_ref().map(|begun| begun.payload.len());
        let (mask, len) = check(&header, len, begun, self.max_message)?;
        Ok(Some(Frame { opcode: header.opcode, is_final: header.is_final, mask, at, len }))
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
                    Err(_) => Err(Fault::NotUtf8),
                }
            }
        },
        Control::Reserved(_) => Err(Fault::Protocol("an opcode that means nothing")),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
