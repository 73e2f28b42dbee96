//! The objects of a session: found by their name in the same time however many there are, and listed in the order of
//! their names' bytes.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;
use std::sync::Arc;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::digest;
use crate::model::{Object, ObjectName};

/// Objects by name.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    /// The objects, each at a place that it keeps for as long as it is there.
    places: Vec<Option<Stored>>,
    /// Places that were left.
    free: Vec<u32>,
    /// Where an object is, by the hash of its name.
    by_hash: HashTable<Entry>,
    /// Where an object is, in the order of the names. It changes only when objects come or go.
    in_order: BTreeMap<ObjectName, u32>,
    /// What the hash depends on beside the name. Nobody can know it, and so nobody finds names that have one hash.
    /// Nothing else depends on it.
    seed: u64,
    /// The wrapping sum of the objects' hashes: the same in whatever order they came.
    sum: u64,
}

#[derive(Debug, Clone)]
struct Stored {
    object: Arc<Object>,
    /// Of its content, for the digest.
    hash: u64,
}

/// A part of the name's hash beside the place: a name is compared where this is the same, and hardly anywhere else.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    place: u32,
}

impl Entry {
    /// The hash as the table wants it, which takes its bits from both ends.
    const fn spread(hash: u32) -> u64 {
        (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            by_hash: HashTable::new(),
            in_order: BTreeMap::new(),
            seed: RandomState::new().hash_one(0),
            sum: 0,
        }
    }
}

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// The wrapping sum of the objects' hashes.
    pub(super) const fn sum(&self) -> u64 {
        self.sum
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one too")]
    fn hash(&self, name: &str) -> u32 {
        xxh3_64_with_seed(name.as_bytes(), self.seed) as u32
    }

    fn place(&self, hash: u32, name: &str) -> Option<u32> {
        let is_it = |entry: &Entry| entry.hash == hash && self.at(entry.place).object.name.as_str() == name;
        self.by_hash.find(Entry::spread(hash), is_it).map(|entry| entry.place)
    }

    fn at(&self, place: u32) -> &Stored {
        self.places[place as usize].as_ref().expect("a place that is told is taken")
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Object>> {
        self.place(self.hash(name), name).map(|place| &self.at(place).object)
    }

    /// All of them in the order of their names' bytes.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Object>> + Clone {
        self.in_order.values().map(|place| &self.at(*place).object)
    }

    /// Those whose names come after `name`.
    pub(super) fn after(&self, name: &str) -> impl Iterator<Item = &Arc<Object>> {
        let after = (Bound::Excluded(name), Bound::Unbounded);
        self.in_order.range::<str, _>(after).map(|(_, place)| &self.at(*place).object)
    }

    /// Adds an object, in place of one of the same name.
    pub(super) fn put(&mut self, object: Arc<Object>) {
        let stored = Stored { hash: digest::of_object(&object), object };
        self.sum = self.sum.wrapping_add(stored.hash);
        let name = &stored.object.name;
        let hash = self.hash(name.as_str());
        if let Some(place) = self.place(hash, name.as_str()) {
            if let Some(old) = self.places[place as usize].replace(stored) {
                self.sum = self.sum.wrapping_sub(old.hash);
            }
            return;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            u32::try_from(self.places.len() - 1).expect("no session has so many objects")
        });
        let rehash = |entry: &Entry| Entry::spread(entry.hash);
        self.by_hash.insert_unique(Entry::spread(hash), Entry { hash, place }, rehash);
        self.in_order.insert(name.clone(), place);
        self.places[place as usize] = Some(stored);
    }

    /// Changes an object where it is, everything but its name. Does nothing where there is none.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&mut Object)) {
        let Some(place) = self.place(self.hash(name), name) else { return };
        let Some(stored) = &mut self.places[place as usize] else { return };
        change(Arc::make_mut(&mut stored.object));
        let hash = digest::of_object(&stored.object);
        self.sum = self.sum.wrapping_sub(stored.hash).wrapping_add(hash);
        stored.hash = hash;
    }

    /// Removes an object.
    pub(super) fn take(&mut self, name: &str) -> Option<Arc<Object>> {
        let hash = self.hash(name);
        let place = self.place(hash, name)?;
        if let Ok(entry) = self.by_hash.find_entry(Entry::spread(hash), |entry| entry.place == place) {
            entry.remove();
        }
        self.in_order.remove(name);
        let Stored { object, hash } = self.places[place as usize].take()?;
        self.free.push(place);
        self.sum = self.sum.wrapping_sub(hash);
        Some(object)
    }

    /// Removes all of them.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::command::{Command, ObjectDraft};
    use crate::event::Event;
    use crate::limits::ModelLimits;
    use crate::model::SessionId;
    use crate::reduce::{Context, decide};
    use crate::session::Session;

    fn object(name: String) -> Arc<Object> {
        let session = Session::new(SessionId::from_uuid(uuid::Uuid::nil()), None, 0, 1);
        let object = ObjectDraft { name, kind: "cube".to_owned(), ..ObjectDraft::default() };
        let context = Context { at: 0, limits: &ModelLimits::default(), expect_version: None };
        let events = decide(&session, &Command::CreateObject { object }, &context).expect("is allowed");
        let Some(Event::ObjectCreated { object }) = events.into_iter().next() else { panic!("is created") };
        object
    }

    #[test]
    fn name6_two_names_of_one_hash_are_two() {
        let mut objects = Objects { seed: 7, ..Objects::default() };
        let mut by_hash = HashMap::new();
        let (one, two) = (0..1_000_000)
            .map(|n| format!("o{n}"))
            .find_map(|name| by_hash.insert(objects.hash(&name), name.clone()).map(|other| (other, name)))
            .expect("of a million some have the same 32 bits");
        objects.put(object(one.clone()));
        assert!(objects.get(&two).is_none());
        objects.put(object(two.clone()));
        let found = |objects: &Objects, name: &str| objects.get(name).map(|object| object.name.to_string());
        assert_eq!([&one, &two].map(|name| found(&objects, name)), [Some(one.clone()), Some(two.clone())]);
        assert!(objects.take(&two).is_some());
        assert_eq!(
            (found(&objects, &one), found(&objects, &two), objects.len()),
            (Some(one.clone()), None, 1)
        );
    }
}
