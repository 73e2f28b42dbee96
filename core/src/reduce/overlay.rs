//! A state as it would be after some events, without touching the state itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{State, StateMut};
use crate::model::{DisplayName, Object, ObjectName, Seq, World};
use crate::session::Session;

/// What differs from a base state. Costs memory for what was touched only.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The objects that differ: their new value, or `None` for one that is gone.
    objects: BTreeMap<ObjectName, Option<Arc<Object>>>,
    /// Whether every object of the base is gone, but for those in `objects`.
    cleared: bool,
    /// How many objects there are with the changes, once one came or went: a batch asks for it at each
    /// of its commands.
    object_count: Option<usize>,
    world: Option<World>,
    name: Option<Option<DisplayName>>,
    seq: Option<Seq>,
}

impl Changes {
    /// Whether the base shows through everywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && !self.cleared && self.world.is_none() && self.name.is_none()
    }

    /// The names of the objects that were touched; when [`cleared`](Self::is_cleared), every other
    /// object of the base is gone too.
    pub fn touched_objects(&self) -> impl Iterator<Item = &ObjectName> {
        self.objects.keys()
    }

    /// Whether the object of this name was touched by itself, not by the loss of all.
    #[must_use]
    pub fn touches_object(&self, name: &str) -> bool {
        self.objects.contains_key(name)
    }

    /// Whether the world differs, or did.
    #[must_use]
    pub const fn touches_world(&self) -> bool {
        self.world.is_some()
    }

    /// Whether the session's name differs, or did.
    #[must_use]
    pub const fn touches_name(&self) -> bool {
        self.name.is_some()
    }

    /// Whether every object of the base that was not touched afterwards is gone.
    #[must_use]
    pub const fn is_cleared(&self) -> bool {
        self.cleared
    }
}

/// `base` with `changes` over it.
#[derive(Debug)]
pub struct Overlay<'a, S, C = Changes> {
    base: &'a S,
    changes: C,
}

impl<'a, S: State> Overlay<'a, S> {
    /// A view that shows `base` as it is, to be changed.
    pub fn new(base: &'a S) -> Self {
        Self { base, changes: Changes::default() }
    }

    /// `base` with changes that were made over it before, to be changed further.
    pub fn over(base: &'a S, changes: Changes) -> Self {
        Self { base, changes }
    }

    /// What was changed.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

impl<'a, S: State> Overlay<'a, S, &'a Changes> {
    /// `base` with changes that were made over it before.
    pub const fn of(base: &'a S, changes: &'a Changes) -> Self {
        Self { base, changes }
    }
}

impl<S, C: std::borrow::Borrow<Changes>> Overlay<'_, S, C> {
    fn changes(&self) -> &Changes {
        self.changes.borrow()
    }
}

impl<C: std::borrow::Borrow<Changes>> Overlay<'_, Session, C> {
    /// All objects in the order of their names' bytes.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        let Changes { objects: changed, cleared, .. } = self.changes();
        let mut base = self.base.objects().filter(|_| !*cleared).peekable();
        let mut changed = changed.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                let changed_first = match (base.peek(), changed.peek()) {
                    (None, None) => return None,
                    (Some(_), None) => false,
                    (None, Some(_)) => true,
                    (Some(object), Some((name, _))) => object.name >= **name,
                };
                if !changed_first {
                    return base.next();
                }
                let (name, object) = changed.next()?;
                // What was changed stands in place of what the base has under the name.
                base.next_if(|hidden| hidden.name == *name);
                if let Some(object) = object {
                    return Some(object);
                }
            }
        })
    }
}

impl<S: State, C: std::borrow::Borrow<Changes>> State for Overlay<'_, S, C> {
    fn seq(&self) -> Seq {
        self.changes().seq.unwrap_or_else(|| self.base.seq())
    }

    fn object(&self, name: &str) -> Option<&Arc<Object>> {
        match self.changes().objects.get(name) {
            Some(changed) => changed.as_ref(),
            None if self.changes().cleared => None,
            None => self.base.object(name),
        }
    }

    fn object_count(&self) -> usize {
        self.changes().object_count.unwrap_or_else(|| self.base.object_count())
    }

    fn world(&self) -> &World {
        self.changes().world.as_ref().unwrap_or_else(|| self.base.world())
    }

    fn name(&self) -> Option<&DisplayName> {
        match &self.changes().name {
            Some(name) => name.as_ref(),
            None => self.base.name(),
        }
    }
}

impl<S: State> StateMut for Overlay<'_, S> {
    fn set_seq(&mut self, seq: Seq) {
        self.changes.seq = Some(seq);
    }

    fn put_object(&mut self, object: Arc<Object>) {
        if self.object(object.name.as_str()).is_none() {
            self.changes.object_count = Some(self.object_count() + 1);
        }
        self.changes.objects.insert(object.name.clone(), Some(object));
    }

    fn change_object(&mut self, name: &ObjectName, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.object(name.as_str()) {
            let mut object = Object::clone(object);
            change(&mut object);
            self.put_object(Arc::new(object));
        }
    }

    fn take_object(&mut self, name: &ObjectName) -> Option<Arc<Object>> {
        let taken = self.object(name.as_str()).cloned();
        if taken.is_some() {
            self.changes.object_count = Some(self.object_count() - 1);
            self.changes.objects.insert(name.clone(), None);
        }
        taken
    }

    fn clear_objects(&mut self) {
        self.changes.objects.clear();
        self.changes.cleared = true;
        self.changes.object_count = Some(0);
    }

    fn change_world(&mut self, change: impl FnOnce(&mut World)) {
        let base = self.base;
        change(self.changes.world.get_or_insert_with(|| base.world().clone()));
    }

    fn set_name(&mut self, name: Option<DisplayName>) {
        self.changes.name = Some(name);
    }
}
