//! The numbers by which the viewport knows objects.

use std::collections::HashMap;

use vws_core::ObjectName;

/// One slot for each object: dense from 0 and used again once free, which is what the viewport sizes
/// its buffers by. The state itself is never kept here, only which object has which number.
#[derive(Debug, Default)]
pub struct Slots {
    by_name: HashMap<ObjectName, u32>,
    by_slot: Vec<Option<ObjectName>>,
    free: Vec<u32>,
}

impl Slots {
    /// The object's slot: its own, or a free one that is its own from now on.
    pub fn take(&mut self, name: &ObjectName) -> u32 {
        if let Some(slot) = self.by_name.get(name) {
            return *slot;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.by_slot.push(None);
            u32::try_from(self.by_slot.len() - 1).expect("objects are bounded far below 2^32")
        });
        self.by_name.insert(name.clone(), slot);
        self.by_slot[slot as usize] = Some(name.clone());
        slot
    }

    /// Gives the object's slot back; `None` where it has none.
    pub fn release(&mut self, name: &ObjectName) -> Option<u32> {
        let slot = self.by_name.remove(name)?;
        self.by_slot[slot as usize] = None;
        self.free.push(slot);
        Some(slot)
    }

    /// The object's slot, if it has one.
    #[must_use]
    pub fn get(&self, name: &ObjectName) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The object in a slot.
    #[must_use]
    pub fn name(&self, slot: u32) -> Option<&ObjectName> {
        self.by_slot.get(slot as usize)?.as_ref()
    }

    /// The names that have a slot, in no order.
    pub fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.by_name.keys()
    }

    /// Gives every slot back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn name(text: &str) -> ObjectName {
        ObjectName::new("name", text).expect("a valid name")
    }

    #[test]
    fn slots_are_dense_and_stay_with_their_object() {
        let mut slots = Slots::default();
        assert_eq!([slots.take(&name("a")), slots.take(&name("b")), slots.take(&name("c"))], [0, 1, 2]);
        assert_eq!(slots.take(&name("b")), 1);
        assert_eq!(slots.name(1), Some(&name("b")));
    }

    #[test]
    fn a_slot_given_back_is_taken_before_a_new_one() {
        let mut slots = Slots::default();
        for n in ["a", "b", "c"] {
            slots.take(&name(n));
        }
        assert_eq!(slots.release(&name("b")), Some(1));
        assert_eq!(slots.release(&name("b")), None);
        assert_eq!((slots.get(&name("b")), slots.name(1)), (None, None));
        assert_eq!(slots.take(&name("d")), 1);
        assert_eq!(slots.take(&name("e")), 3);
    }

    #[test]
    fn cleared_slots_start_over() {
        let mut slots = Slots::default();
        slots.take(&name("a"));
        slots.clear();
        assert_eq!(slots.names().count(), 0);
        assert_eq!(slots.take(&name("z")), 0);
        assert_eq!(slots.name(7), None);
    }
}
