//! The frames of consecutive events in one encoding, in contiguous chunks.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use vws_core::wire::Encoding;
use vws_core::{EventRecord, Seq};

use super::frame::{self, Head, Opcode};

/// Chunks up to this size together become one, so that who is behind is written few large pieces.
const MERGED: usize = 4 * 1024;

/// Pieces of one view at most: what one system call takes.
pub(crate) const MOST_SLICES: usize = 16;

/// Bytes after which no further chunk is taken into a view: more than a socket takes at once.
const VIEW_BYTES: usize = 256 * 1024;

/// Positions begin here, so that there is room before the first one as well.
const ORIGIN: u64 = 1 << 62;

/// Frames of consecutive events, made at once.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The event that they follow.
    after: Seq,
    bytes: Bytes,
    /// Where each frame ends in `bytes`.
    ends: Vec<usize>,
}

impl Batch {
    /// Encodes and frames the events that follow `after`.
    pub(crate) fn encode(encoding: Encoding, after: Seq, records: &[Arc<EventRecord>]) -> Self {
        let opcode = Opcode::of(encoding);
        let (mut bytes, mut message) = (Vec::new(), Vec::new());
        let mut ends = Vec::with_capacity(records.len());
        for record in records {
            message.clear();
            encoding.write_event(record, &mut message);
            bytes.reserve(Head::new(opcode, message.len()).bytes().len() + message.len());
            frame::write(opcode, &message, &mut bytes);
            ends.push(bytes.len());
        }
        bytes.shrink_to_fit();
        Self { after, bytes: bytes.into(), ends }
    }

    fn through(&self) -> Seq {
        self.after + self.ends.len() as Seq
    }
}

/// The frames of the events `(before, last]` in one encoding.
#[derive(Debug)]
pub(crate) struct Frames {
    /// The event that the first one follows.
    before: Seq,
    /// The position of its first byte.
    start: u64,
    /// The position behind each event's frame.
    ends: VecDeque<u64>,
    /// In order and without a gap; the first may begin with frames that have been let go of. A chunk ends
    /// where a frame ends.
    chunks: VecDeque<Chunk>,
    bytes: usize,
}

#[derive(Debug)]
struct Chunk {
    at: u64,
    bytes: Bytes,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

impl Frames {
    /// None yet; the first will follow the event `before`.
    pub(crate) const fn new(before: Seq) -> Self {
        Self { before, start: ORIGIN, ends: VecDeque::new(), chunks: VecDeque::new(), bytes: 0 }
    }

    pub(crate) const fn before(&self) -> Seq {
        self.before
    }

    pub(crate) fn last(&self) -> Seq {
        self.before + self.ends.len() as Seq
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes that are held, those of a chunk until all of it is let go of.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes in frames that come right before or right after those that are here; any others are of no use.
    pub(crate) fn take(&mut self, batch: Batch) {
        if batch.after == self.last() {
            self.append(batch);
        } else if batch.through() == self.before {
            self.prepend(batch);
        }
    }

    fn append(&mut self, batch: Batch) {
        let end = self.chunks.back().map_or(self.start, Chunk::end);
        self.bytes += batch.bytes.len();
        self.ends.extend(batch.ends.iter().map(|e| end + *e as u64));
        match self.chunks.back_mut() {
            Some(last) if last.bytes.len() + batch.bytes.len() <= MERGED => {
                last.bytes = [&last.bytes[..], &batch.bytes[..]].concat().into();
            }
            _ => self.chunks.push_back(Chunk { at: end, bytes: batch.bytes }),
        }
    }

    /// Only where nothing has been let go of: what is before that is never asked for.
    fn prepend(&mut self, batch: Batch) {
        let at = self.start - batch.bytes.len() as u64;
        self.bytes += batch.bytes.len();
        for end in batch.ends.iter().rev() {
            self.ends.push_front(at + *end as u64);
        }
        self.chunks.push_front(Chunk { at, bytes: batch.bytes });
        (self.before, self.start) = (batch.after, at);
    }

    /// Lets go of the events up to `through`.
    pub(crate) fn drop_through(&mut self, through: Seq) {
        while self.before < through {
            let Some(end) = self.ends.pop_front() else {
                *self = Self::new(through);
                return;
            };
            (self.before, self.start) = (self.before + 1, end);
        }
        while let Some(chunk) = self.chunks.pop_front_if(|chunk| chunk.end() <= self.start) {
            self.bytes -= chunk.bytes.len();
        }
    }

    /// Shows what follows the event `after`, as far as one view goes. `after` lies in `[before, last]`.
    pub(crate) fn show(&self, after: Seq, view: &mut View) {
        view.empty(after);
        let known = (after - self.before) as usize;
        let from = if known == 0 { self.start } else { self.ends[known - 1] };
        let first = self.chunks.partition_point(|chunk| chunk.end() <= from);
        let (mut bytes, mut end) = (0, from);
        for chunk in self.chunks.range(first..).take(MOST_SLICES) {
            let slice = chunk.bytes.slice((end - chunk.at) as usize..);
            (bytes, end) = (bytes + slice.len(), chunk.end());
            view.slices.push(slice);
            if bytes >= VIEW_BYTES {
                break;
            }
        }
        let shown = self.ends.range(known..).take_while(|e| **e <= end).map(|e| (*e - from) as usize);
        view.ends.extend(shown);
    }
}

/// The frames of some consecutive events, shared with the ring and with everybody who is written them. Used over
/// and over, so that nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct View {
    after: Seq,
    slices: Vec<Bytes>,
    /// How many bytes there are up to the end of each event's frame.
    ends: Vec<usize>,
}

impl View {
    /// Nothing, after the event `after`.
    pub(crate) fn empty(&mut self, after: Seq) {
        self.after = after;
        self.slices.clear();
        self.ends.clear();
    }

    /// The event that the first one follows.
    pub(crate) const fn after(&self) -> Seq {
        self.after
    }

    /// The last event.
    pub(crate) fn through(&self) -> Seq {
        self.after + self.ends.len() as Seq
    }

    /// Where the frames begin that follow the event `seen`, if the view has that place.
    pub(crate) fn offset(&self, seen: Seq) -> Option<usize> {
        match seen.checked_sub(self.after)? {
            0 => Some(0),
            known => self.ends.get(usize::try_from(known).ok()? - 1).copied(),
        }
    }

    /// Bytes in all.
    pub(crate) fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The bytes from `offset` on.
    pub(crate) fn from(&self, mut offset: usize) -> impl Iterator<Item = &[u8]> {
        self.slices.iter().filter_map(move |slice| {
            let skip = offset.min(slice.len());
            offset -= skip;
            Some(&slice[skip..]).filter(|rest| !rest.is_empty())
        })
    }

    /// The last event whose frame ends within the first `offset` bytes, and the rest of the next one's where
    /// that has begun.
    pub(crate) fn reached(&self, offset: usize) -> (Seq, Option<Vec<u8>>) {
        if offset == self.len() {
            return (self.through(), None);
        }
        let whole = self.ends.partition_point(|end| *end <= offset);
        let begin = whole.checked_sub(1).map_or(0, |last| self.ends[last]);
        let seen = self.after + whole as Seq;
        if begin == offset {
            return (seen, None);
        }
        let mut rest = Vec::with_capacity(self.ends[whole] - offset);
        for slice in self.from(offset) {
            let room = self.ends[whole] - offset - rest.len();
            rest.extend_from_slice(&slice[..room.min(slice.len())]);
        }
        (seen, Some(rest))
    }

    /// Each event's frame.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (Seq, Bytes)> {
        let (mut slices, mut used, mut begin) = (self.slices.iter(), 0, 0);
        let mut slice = slices.next();
        self.ends.iter().zip(self.after + 1..).filter_map(move |(end, seq)| {
            if slice.is_some_and(|slice| used == slice.len()) {
                (slice, used) = (slices.next(), 0);
            }
            let len = *end - begin;
            (begin, used) = (*end, used + len);
            slice.map(|slice| (seq, slice.slice(used - len..used)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::Event;
    use vws_core::wire::ServerMessage;

    fn record(seq: Seq) -> Arc<EventRecord> {
        let name = seq.is_multiple_of(3).then(|| "n".repeat(1 + seq as usize % 50));
        let name = name.map(|name| vws_core::DisplayName::new("name", &name).expect("is valid"));
        Arc::new(EventRecord {
            seq,
            at: 0,
            by: None,
            subject: None,
            more: 0,
            event: Event::SessionRenamed { name },
        })
    }

    fn batch(encoding: Encoding, seqs: std::ops::RangeInclusive<Seq>) -> Batch {
        let after = seqs.start() - 1;
        Batch::encode(encoding, after, &seqs.map(record).collect::<Vec<_>>())
    }

    /// What a connection would be sent of the events `(after, last]`, one frame each.
    fn expected(encoding: Encoding, seqs: std::ops::RangeInclusive<Seq>) -> Vec<Vec<u8>> {
        let message = |seq| ServerMessage::Event(EventRecord::clone(&record(seq)));
        let framed = |seq| frame::framed(Opcode::of(encoding), &encoding.encode_server(&message(seq)));
        seqs.map(|seq| framed(seq).to_vec()).collect()
    }

    fn shown(frames: &Frames, after: Seq) -> View {
        let mut view = View::default();
        frames.show(after, &mut view);
        view
    }

    #[test]
    fn feed2_what_is_shared_is_what_each_would_be_sent() {
        for encoding in Encoding::ALL {
            let mut frames = Frames::new(10);
            for seqs in [11..=11, 12..=40, 41..=41, 42..=90] {
                frames.take(batch(encoding, seqs));
            }
            frames.take(batch(encoding, 8..=10));
            frames.take(batch(encoding, 200..=210));
            assert_eq!((frames.before(), frames.last()), (7, 90), "what does not fit is left out");
            for after in 7..=90 {
                let view = shown(&frames, after);
                let all: Vec<u8> = view.from(0).flatten().copied().collect();
                assert_eq!(all, expected(encoding, after + 1..=90).concat(), "{after}");
                assert_eq!((view.after(), view.through(), view.len()), (after, 90, all.len()));
                let each: Vec<(Seq, Vec<u8>)> = view.frames().map(|(seq, f)| (seq, f.to_vec())).collect();
                assert_eq!(each, (after + 1..).zip(expected(encoding, after + 1..=90)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn feed3_a_write_may_end_at_any_byte() {
        let mut frames = Frames::new(0);
        frames.take(batch(Encoding::Json, 1..=30));
        frames.take(batch(Encoding::Json, 31..=60));
        let view = shown(&frames, 0);
        let all: Vec<u8> = view.from(0).flatten().copied().collect();
        for offset in 0..=all.len() {
            let (seen, rest) = view.reached(offset);
            let rest = rest.unwrap_or_default();
            let next = view.offset(seen + u64::from(!rest.is_empty())).expect("is in the view");
            assert_eq!(next, offset + rest.len());
            assert_eq!(rest, &all[offset..next]);
        }
    }

    #[test]
    fn law7_chunks_are_let_go_of_with_their_last_event() {
        let mut frames = Frames::new(0);
        frames.take(batch(Encoding::Json, 1..=100));
        let first = frames.bytes();
        assert!(first > MERGED);
        frames.take(batch(Encoding::Json, 101..=200));
        frames.drop_through(99);
        assert_eq!((frames.before(), frames.last()), (99, 200));
        assert!(frames.bytes() > first);
        let view = shown(&frames, 99);
        assert_eq!(
            view.from(0).flatten().copied().collect::<Vec<_>>(),
            expected(Encoding::Json, 100..=200).concat()
        );
        let both = frames.bytes();
        frames.drop_through(100);
        assert_eq!(frames.bytes(), both - first);
        frames.drop_through(500);
        assert_eq!((frames.before(), frames.last(), frames.bytes()), (500, 500, 0));
    }

    #[test]
    fn law7_small_chunks_become_one_and_a_view_is_bounded() {
        let mut frames = Frames::new(0);
        (1..=2_000).for_each(|seq| frames.take(batch(Encoding::Json, seq..=seq)));
        assert!(frames.chunks.len() <= 2 * frames.bytes() / MERGED + 1, "{} chunks", frames.chunks.len());
        let (mut seen, mut views) = (0, 0);
        while seen < 2_000 {
            let view = shown(&frames, seen);
            assert!(view.slices.len() <= MOST_SLICES && view.through() > seen);
            (seen, views) = (view.through(), views + 1);
        }
        assert!(views <= 2_000 / 250, "{views} views");
    }
}
