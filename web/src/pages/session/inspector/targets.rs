//! The objects that the inspector shows, and what they have in common.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use vws_core::model::ObjectType;
use vws_core::reduce::State;
use vws_core::{Object, ObjectName};

use crate::client::SessionClient;
use crate::form::object::ObjectField;
use crate::form::properties::{Row, rows};

/// Properties that are listed at most, where several objects have many different ones.
pub(super) const MOST_PROPERTIES: usize = 64;

/// One or more objects. Cheap to copy.
#[derive(Clone, PartialEq)]
pub(super) struct Targets {
    /// Their names, the one that was chosen last at the end.
    pub(super) names: Rc<[ObjectName]>,
    /// The one that was chosen last.
    pub(super) object: Arc<Object>,
    /// The one that changed last.
    pub(super) newest: Arc<Object>,
    /// How many are shown in the view.
    pub(super) visible: usize,
    /// The first that is locked, and how many are.
    pub(super) locked: Option<(ObjectName, usize)>,
    /// Whether any of them has changes without a verdict.
    pub(super) is_pending: bool,
    /// Their properties.
    pub(super) properties: Rc<[Row]>,
    fields: Rc<Fields>,
}

/// What is so of which fields.
#[derive(Default, PartialEq)]
struct Fields {
    mixed: Vec<ObjectField>,
    changed: Vec<ObjectField>,
    pending: Vec<ObjectField>,
}

impl Fields {
    /// Looks at each object once; a field that is known to be so is not looked at again.
    fn of<'a>(first: &Object, objects: impl Iterator<Item = &'a Arc<Object>>) -> Self {
        let (mut same, mut unchanged) = (ObjectField::SHARED.to_vec(), ObjectField::SHARED.to_vec());
        for object in objects {
            same.retain(|field| field.is_same(first, object));
            unchanged.retain(|field| !field.is_changed(object));
        }
        let but = |fields: &[ObjectField]| {
            ObjectField::SHARED.into_iter().filter(|field| !fields.contains(field)).collect()
        };
        Self { mixed: but(&same), changed: but(&unchanged), pending: Vec::new() }
    }
}

impl Targets {
    /// What is selected, as far as it is there; `None` where nothing is.
    pub(super) fn of(client: &SessionClient) -> Option<Self> {
        let selection = client.selection();
        let objects = client.view(|view, _| {
            selection.iter().filter_map(|name| view.object(name.as_str()).cloned()).collect::<Vec<_>>()
        })?;
        let object = Arc::clone(objects.last()?);
        let newest = objects.iter().max_by_key(|object| object.version).map_or(&object, |newest| newest);
        let mut fields = Fields::of(&object, objects.iter());
        let pending = || objects.iter().filter(|object| client.is_pending(&object.name));
        for object in pending() {
            // One that the server does not know yet is new as a whole.
            if let Some(confirmed) = client.confirmed_object(object.name.as_str()) {
                let differs = |field: &ObjectField| !field.is_same(object, &confirmed);
                fields.pending.extend(ObjectField::SHARED.into_iter().filter(differs));
            }
        }
        let locked = || objects.iter().filter(|object| client.is_locked(&object.name));
        Some(Self {
            names: objects.iter().map(|object| object.name.clone()).collect(),
            newest: Arc::clone(newest),
            visible: objects.iter().filter(|object| object.visible).count(),
            locked: locked().next().map(|object| (object.name.clone(), locked().count())),
            is_pending: pending().next().is_some(),
            properties: rows(objects.iter().map(|object| &**object), MOST_PROPERTIES).into(),
            fields: Rc::new(fields),
            object,
        })
    }

    /// Whether it is one object.
    pub(super) fn is_one(&self) -> bool {
        self.names.len() == 1
    }

    /// Whether all of them are lights.
    pub(super) fn are_lights(&self) -> bool {
        self.object.kind == ObjectType::Light && !self.is_mixed(ObjectField::Kind)
    }

    /// A key that other objects do not have: what was typed for these never shows at those.
    pub(super) fn key(&self) -> String {
        if self.is_one() {
            return format!("one {}", self.object.name);
        }
        let mut hasher = DefaultHasher::new();
        self.names.iter().for_each(|name| name.as_str().hash(&mut hasher));
        format!("several {:x}", hasher.finish())
    }

    /// Whether they have different values there.
    pub(super) fn is_mixed(&self, field: ObjectField) -> bool {
        self.fields.mixed.contains(&field)
    }

    /// Whether one of them has anything but the default there.
    pub(super) fn is_changed(&self, field: ObjectField) -> bool {
        self.fields.changed.contains(&field)
    }

    /// Whether one of them has a value there that the server has not answered yet.
    pub(super) fn is_unconfirmed(&self, field: ObjectField) -> bool {
        self.fields.pending.contains(&field)
    }

    /// What a field shows; nothing where it is mixed.
    pub(super) fn shown(&self, field: ObjectField) -> String {
        if self.is_mixed(field) { String::new() } else { field.shown(&self.object) }
    }
}
