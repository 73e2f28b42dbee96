//! The bytes of an event stream.

use std::fmt;
use std::str::FromStr;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use vws_core::wire::canonical_json;
use vws_core::{Epoch, Seq};

/// A chunk takes no further event once it has this many bytes: what waits for one subscriber stays
/// far below the bound of its backlog.
const FULL: usize = 16 * 1024;

/// A comment. It shows that the connection lives, to both ends and to proxies between them.
pub(super) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// A place in a history: after the event of this seq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Which history; `None` for whichever there is.
    pub(super) epoch: Option<Epoch>,
    pub(super) seq: Seq,
}

/// `SEQ` or `EPOCH-SEQ`.
impl FromStr for Position {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s.split_once('-') {
            None => Ok(Self { epoch: None, seq: number(s)? }),
            Some((epoch, seq)) => Ok(Self { epoch: Some(number(epoch)?), seq: number(seq)? }),
        }
    }
}

/// Digits only: `parse` alone would take a sign.
fn number(s: &str) -> Result<u64, ()> {
    if s.bytes().all(|b| b.is_ascii_digit()) { s.parse().map_err(|_| ()) } else { Err(()) }
}

/// Why a stream does not go on from where its client was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResyncReason {
    /// The events that follow are no longer kept.
    HistoryGone,
    /// The place is in a history that was lost or replaced.
    OtherEpoch,
    /// The place lies after the last event.
    Ahead,
}

impl Position {
    /// Where a stream begins that was asked to go on from here, in the history `epoch` whose last
    /// event is `head`; the reason when that is not possible.
    pub(super) fn check(self, epoch: Epoch, head: Seq) -> Result<Seq, ResyncReason> {
        if self.epoch.is_some_and(|asked| asked != epoch) {
            Err(ResyncReason::OtherEpoch)
        } else if self.seq > head {
            Err(ResyncReason::Ahead)
        } else {
            Ok(self.seq)
        }
    }
}

/// Some messages of a stream, to be sent at once.
#[derive(Debug)]
pub(super) struct Chunk {
    epoch: Epoch,
    bytes: BytesMut,
}

impl Chunk {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self { epoch, bytes: BytesMut::new() }
    }

    /// Adds the event of that seq; `json` is one line, as this server writes all JSON.
    pub(super) fn event(&mut self, seq: Seq, json: &[u8]) {
        self.id(seq);
        self.data(json);
    }

    /// Adds a message about the stream itself. A client that connects again after it goes on from
    /// `seq`.
    pub(super) fn about(&mut self, name: &str, seq: Seq, data: &impl Serialize) {
        self.write(format_args!("event: {name}\n"));
        self.id(seq);
        self.data(&canonical_json(data));
    }

    fn id(&mut self, seq: Seq) {
        let epoch = self.epoch;
        self.write(format_args!("id: {epoch}-{seq}\n"));
    }

    fn data(&mut self, json: &[u8]) {
        debug_assert!(!json.contains(&b'\n'), "a line break would end the data");
        self.bytes.reserve(json.len() + 8);
        self.bytes.put_slice(b"data: ");
        self.bytes.put_slice(json);
        self.bytes.put_slice(b"\n\n");
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        fmt::Write::write_fmt(&mut self.bytes, text).expect("a buffer in memory grows");
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    pub(super) fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sse3_positions_are_read_strictly() {
        assert_eq!("12".parse(), Ok(Position { epoch: None, seq: 12 }));
        assert_eq!("1763870000000-12".parse(), Ok(Position { epoch: Some(1_763_870_000_000), seq: 12 }));
        for wrong in ["", "-", "-1", "1-", "+1", "1-+2", "1-2-3", "1.5", " 1", "18446744073709551616"] {
            assert_eq!(wrong.parse::<Position>(), Err(()), "{wrong:?}");
        }
    }

    #[test]
    fn sse3_a_place_of_another_history_or_after_the_end_is_told() {
        let at = |epoch, seq| Position { epoch, seq }.check(7, 10);
        assert_eq!((at(None, 10), at(Some(7), 0)), (Ok(10), Ok(0)));
        assert_eq!((at(Some(6), 3), at(None, 11)), (Err(ResyncReason::OtherEpoch), Err(ResyncReason::Ahead)));
    }

    #[test]
    fn sse4_messages_have_the_standard_s_form() {
        let mut chunk = Chunk::new(7);
        chunk.about("resync", 9, &ResyncReason::HistoryGone);
        chunk.event(10, br#"{"seq":10}"#);
        let text = String::from_utf8(chunk.finish().to_vec()).expect("is text");
        assert_eq!(
            text,
            "event: resync\nid: 7-9\ndata: \"history_gone\"\n\nid: 7-10\ndata: {\"seq\":10}\n\n"
        );
    }
}
