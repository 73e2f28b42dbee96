//! How records lie in a file, so that what is damaged is found and told apart from what was never finished.
//!
//! A file begins with its head, twice. Then frames follow one another:
//!
//! ```text
//! "VWS" kind:u8 | len:u32 | life:u64 | first:u64 | count:u32 | sum:u32     32 bytes
//! payload                                                                  len bytes
//! payload sum:u64 | life:u64 | first:u64 | count:u32 | sum:u32             32 bytes
//! ```
//!
//! Whose a frame is stands at both ends, so that one damaged byte never hides it. Sums are seeded by a
//! number that is drawn for each file: no content of a session can look like a frame.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes before a file's first frame.
pub(super) const FILE_HEAD: usize = 64;
const COPY: usize = FILE_HEAD / 2;
const EDGE: usize = 32;
/// Bytes of a frame beside its payload.
pub(super) const FRAME_BYTES: usize = 2 * EDGE;
/// Bytes that every frame begins with.
pub(super) const FRAME_HEAD: usize = EDGE;
const MAGIC: [u8; 3] = *b"VWS";
const FILE_MAGIC: [u8; 8] = *b"VWS log1";

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The state that a session's history begins with.
    Base = 1,
    /// Events that follow one another.
    Events = 2,
    /// A later state.
    Snapshot = 3,
    /// The end of a session.
    Delete = 4,
    /// What the catalogue says of all sessions.
    Catalogue = 5,
    /// What the catalogue says of one session.
    Entry = 6,
    /// The id of a session whose base follows.
    Begin = 7,
    /// What was written at once follows, in as many bytes as its `first` says.
    Group = 8,
    /// A session that was begun and not finished counts from now on.
    Finish = 9,
}

/// The life of what belongs to no session.
pub(super) const NOBODY: u64 = u64::MAX;

/// No seq, life, epoch or length is larger. Whatever has a larger one was not written by a log, though its sums fit, and
/// is damage: with these one counts on without looking for the end of the range.
pub(super) const MOST: u64 = 1 << 62;

impl Kind {
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        use Kind::{Base, Begin, Catalogue, Delete, Entry, Events, Finish, Group, Snapshot};
        [Base, Events, Snapshot, Delete, Catalogue, Entry, Begin, Group, Finish]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// What a file is: drawn once, at its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHead {
    /// The seed of its sums.
    pub(super) salt: u64,
    /// The number of a segment, the life of a session.
    pub(super) number: u64,
}

impl FileHead {
    /// The head of a new file.
    pub(super) fn draw(number: u64) -> Self {
        let drawn = uuid::Uuid::now_v7();
        Self { salt: xxh3_64_with_seed(drawn.as_bytes(), number), number }
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(FILE_HEAD);
        copy.extend(FILE_MAGIC);
        copy.extend(self.salt.to_le_bytes());
        copy.extend(self.number.to_le_bytes());
        copy.extend(xxh3_64_with_seed(&copy, 0).to_le_bytes());
        copy.extend_from_within(..);
        copy
    }

    /// The head, where one of its copies is whole.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let copies = bytes.get(..FILE_HEAD).unwrap_or(bytes).chunks_exact(COPY);
        copies.into_iter().find_map(|copy| {
            let whole = copy[..8] == FILE_MAGIC && u64_at(copy, 24) == xxh3_64_with_seed(&copy[..24], 0);
            whole.then(|| Self { salt: u64_at(copy, 8), number: u64_at(copy, 16) })
        })
    }

    /// The head of a file that is to be of that number, or what is wrong with it.
    pub(super) fn of(bytes: &[u8], number: u64) -> Result<Self, &'static str> {
        match Self::decode(bytes) {
            Some(head) if head.number == number => Ok(head),
            Some(_) => Err("its file is that of another session"),
            None => Err("the head of its file is damaged"),
        }
    }

    /// Whether both copies are whole.
    pub(super) fn is_sound(bytes: &[u8]) -> bool {
        let Some(copies) = bytes.get(..FILE_HEAD) else { return false };
        copies[..COPY] == copies[COPY..] && Self::decode(copies).is_some()
    }
}

/// Whose a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Which history: no two ever have the same number, even under one session id.
    pub(super) life: u64,
    /// The seq of its first event, or of its state.
    pub(super) first: u64,
    /// How many events.
    pub(super) count: u32,
}

impl Mark {
    /// That of an edge of a frame.
    fn of(edge: &[u8]) -> Option<Self> {
        let mark = Self { life: u64_at(edge, 8), first: u64_at(edge, 16), count: u32_at(edge, 24) };
        ((mark.life <= MOST || mark.life == NOBODY) && mark.first <= MOST).then_some(mark)
    }
}

/// The beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) len: u32,
    pub(super) mark: Mark,
}

impl Head {
    /// The frame's bytes in all.
    pub(super) const fn size(&self) -> usize {
        FRAME_BYTES + self.len as usize
    }

    pub(super) fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let bytes = bytes.get(..EDGE)?;
        if bytes[..3] != MAGIC || u32_at(bytes, 28) != short_sum(&bytes[..28], salt) {
            return None;
        }
        Some(Self { kind: Kind::from_byte(bytes[3])?, len: u32_at(bytes, 4), mark: Mark::of(bytes)? })
    }
}

/// Adds a frame to `out`.
///
/// # Panics
/// Where the payload has 4 GiB or more, which no batch or state within its bounds has.
pub(super) fn encode(out: &mut Vec<u8>, salt: u64, kind: Kind, mark: Mark, payload: &[u8]) {
    let Mark { life, first, count } = mark;
    let len = u32::try_from(payload.len()).expect("a frame is smaller than 4 GiB");
    let start = out.len();
    out.extend(MAGIC);
    out.push(kind as u8);
    out.extend(len.to_le_bytes());
    out.extend(life.to_le_bytes());
    out.extend(first.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(short_sum(&out[start..], salt).to_le_bytes());
    out.extend_from_slice(payload);
    let start = out.len();
    out.extend(xxh3_64_with_seed(payload, salt).to_le_bytes());
    out.extend(life.to_le_bytes());
    out.extend(first.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(short_sum(&out[start..], !salt).to_le_bytes());
}

/// The payload of the whole frame `bytes` that begins with `head`, if nothing of it is damaged.
pub(super) fn payload<'a>(bytes: &'a [u8], head: &Head, salt: u64) -> Option<&'a [u8]> {
    let bytes = bytes.get(..head.size())?;
    let (payload, tail) = bytes[EDGE..].split_at(head.len as usize);
    let sound =
        end_mark(tail, salt) == Some(head.mark) && u64_at(tail, 0) == xxh3_64_with_seed(payload, salt);
    sound.then_some(payload)
}

fn end_mark(tail: &[u8], salt: u64) -> Option<Mark> {
    let sound = tail.len() == EDGE && u32_at(tail, 28) == short_sum(&tail[..28], !salt);
    if sound { Mark::of(tail) } else { None }
}

/// What a scan finds at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A whole frame.
    Frame(Head, &'a [u8]),
    /// Bytes that are no whole frame.
    Damage(Damage),
}

impl Found<'_> {
    /// How many bytes it is.
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Frame(head, _) => head.size(),
            Self::Damage(damage) => damage.len,
        }
    }
}

/// Bytes that are no whole frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damage {
    /// Where they begin.
    pub(super) at: usize,
    /// How many they are.
    pub(super) len: usize,
    /// Whose they were, or the last of them, where that can still be read.
    pub(super) whose: Option<Mark>,
    /// They are the end of the file, and the write that they came of was never finished.
    pub(super) unfinished: bool,
}

/// Looks at `bytes` frame by frame from `at` on.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    salt: u64,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) const fn new(bytes: &'a [u8], salt: u64, at: usize) -> Self {
        Self { bytes, salt, at }
    }

    /// Where the next look begins.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    fn damage(&self) -> Damage {
        let (rest, at) = (&self.bytes[self.at..], self.at);
        // Where a file was made larger than what is in it, zeros follow.
        let written = written(rest);
        if let Some(head) = Head::decode(rest, self.salt) {
            // The length can be trusted: all of it was written, or its last sum was not.
            let unfinished = head.size() > rest.len() || written + 4 <= head.size();
            return Damage { at, len: head.size().min(rest.len()), whose: Some(head.mark), unfinished };
        }
        let begins = |from: &usize| Head::decode(&rest[*from..], self.salt).is_some();
        if let Some(next) = (1..written.saturating_sub(EDGE - 1)).find(begins) {
            let whose = next.checked_sub(EDGE).and_then(|tail| end_mark(&rest[tail..next], self.salt));
            return Damage { at, len: next, whose, unfinished: false };
        }
        // The last frame may end in zeros of its own.
        let ends = written.max(EDGE)..=(written + EDGE).min(rest.len());
        let end = ends.filter_map(|end| Some((end, end_mark(&rest[end - EDGE..end], self.salt)?))).next();
        match end {
            Some((len, mark)) => Damage { at, len, whose: Some(mark), unfinished: false },
            None => Damage { at, len: rest.len(), whose: None, unfinished: true },
        }
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        if let Some(head) = Head::decode(rest, self.salt)
            && let Some(payload) = payload(rest, &head, self.salt)
        {
            self.at += head.size();
            return Some(Found::Frame(head, payload));
        }
        if written(rest) == 0 {
            return None;
        }
        let damage = self.damage();
        self.at += damage.len;
        Some(Found::Damage(damage))
    }
}

/// How many bytes there are before the zeros at the end.
pub(super) fn written(bytes: &[u8]) -> usize {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut rest = bytes;
    while let Some(before) = rest.strip_suffix(&ZEROS) {
        rest = before;
    }
    rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

fn short_sum(bytes: &[u8], salt: u64) -> u32 {
    let sum = xxh3_64_with_seed(bytes, salt);
    (sum ^ (sum >> 32)) as u32
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: u64 = 77;

    fn three() -> Vec<u8> {
        let mut bytes = Vec::new();
        for n in 1..=3_u8 {
            let mark = Mark { life: n.into(), first: 10, count: 1 };
            encode(&mut bytes, SALT, Kind::Events, mark, &vec![n; usize::from(n) * 7]);
        }
        bytes
    }

    fn lives(bytes: &[u8]) -> (Vec<u64>, Vec<Damage>) {
        let (mut whole, mut damaged) = (Vec::new(), Vec::new());
        for found in Scan::new(bytes, SALT, 0) {
            match found {
                Found::Frame(head, payload) => {
                    assert!(payload.iter().all(|b| u64::from(*b) == head.mark.life), "a wrong payload");
                    whole.push(head.mark.life);
                }
                Found::Damage(damage) => damaged.push(damage),
            }
        }
        (whole, damaged)
    }

    #[test]
    fn dur3_every_flipped_bit_is_found_with_whose_it_is_and_hides_no_other_frame() {
        let sound = three();
        let size = sound.len() / 3;
        for bit in 0..sound.len() * 8 {
            let mut bytes = sound.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (whole, damaged) = lives(&bytes);
            assert_eq!((whole.len(), damaged.len()), (2, 1), "bit {bit}");
            let life = (1..=3).find(|life| !whole.contains(life));
            assert_eq!(damaged[0].whose.map(|mark| mark.life), life, "bit {bit}");
            assert!(!damaged[0].unfinished, "bit {bit} of {size}");
        }
    }

    #[test]
    fn dur3_every_cut_is_told_as_unfinished() {
        let sound = three();
        let ends: Vec<usize> = [71, 71 + 78, 71 + 78 + 85].into();
        assert_eq!(sound.len(), ends[2]);
        for len in 0..sound.len() {
            let (whole, damaged) = lives(&sound[..len]);
            assert_eq!(whole.len(), ends.iter().filter(|end| **end <= len).count(), "{len} bytes");
            let clean = len == 0 || ends.contains(&len);
            assert_eq!(damaged.len(), usize::from(!clean), "{len} bytes");
            assert!(damaged.iter().all(|damage| damage.unfinished), "{len} bytes");
        }
    }

    #[test]
    fn dur3_numbers_that_no_log_has_are_damage_whatever_their_sums() {
        let found = |mark: Mark| {
            let mut bytes = Vec::new();
            encode(&mut bytes, SALT, Kind::Events, mark, b"payload");
            let found: Vec<bool> =
                Scan::new(&bytes, SALT, 0).map(|found| matches!(found, Found::Frame(..))).collect();
            found
        };
        let sound = Mark { life: 1, first: MOST, count: u32::MAX };
        assert_eq!(found(sound), [true]);
        assert_eq!(found(Mark { life: NOBODY, ..sound }), [true]);
        assert_eq!(found(Mark { first: MOST + 1, ..sound }), [false]);
        assert_eq!(found(Mark { first: u64::MAX, ..sound }), [false]);
        assert_eq!(found(Mark { life: MOST + 1, ..sound }), [false]);
    }

    #[test]
    fn dur3_a_head_is_read_with_one_copy_damaged() {
        let head = FileHead::draw(9);
        let sound = head.encode();
        assert!(FileHead::is_sound(&sound));
        for bit in 0..FILE_HEAD * 8 {
            let mut bytes = sound.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FileHead::decode(&bytes), Some(head), "bit {bit}");
            assert!(!FileHead::is_sound(&bytes));
        }
    }
}
