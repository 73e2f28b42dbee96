//! How far a snapshot has come.

use vws_core::snapshot::SnapshotPart;

/// Objects of a snapshot that have come, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The snapshot that is counted.
    seq: u64,
    /// Objects that have come.
    pub loaded: u64,
    /// Objects in all, once the first part has told.
    pub total: Option<u64>,
}

impl Progress {
    /// Counts a part. A part of another snapshot starts over.
    pub fn count(&mut self, part: &SnapshotPart) {
        if part.part == 0 || part.seq != self.seq {
            *self = Self { seq: part.seq, ..Self::default() };
        }
        self.loaded += part.objects.len() as u64;
        if let Some(head) = &part.head {
            self.total = Some(head.session.object_count);
        }
    }

    /// The progress in words: `3,200 of 10,000 objects`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.total {
            Some(total) => format!("{} of {} objects", grouped(self.loaded), grouped(total)),
            None => "Loading".to_owned(),
        }
    }
}

/// A whole number with its thousands apart: 12,345.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::{Session, SessionId};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn parts() -> Vec<SnapshotPart> {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut snapshot = Session::new(id, None, 0, 0).snapshot();
        snapshot.session.object_count = 10_000;
        let mut first = snapshot.into_parts();
        let object = r##"{"name":"a","type":"cube","x":0,"y":0,"z":0,"rotation":{"x":0,"y":0,"z":0},
            "scale":{"x":1,"y":1,"z":1},"color":"#ffffff","opacity":1,"visible":true,"text":"","properties":{},
            "version":1,"created_at":0,"updated_at":0}"##;
        let object = std::sync::Arc::new(serde_json::from_str(object).expect("a valid object"));
        first[0].objects = vec![std::sync::Arc::clone(&object); 1_000];
        let second = SnapshotPart { seq: 0, part: 1, parts: 10, head: None, objects: vec![object; 200] };
        vec![first.remove(0), second]
    }

    #[test]
    fn parts_add_up() {
        let mut progress = Progress::default();
        for part in parts() {
            progress.count(&part);
        }
        assert_eq!(progress.words(), "1,200 of 10,000 objects");
        progress.count(&parts()[0]);
        assert_eq!(progress.loaded, 1_000, "a snapshot that begins again starts over");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
