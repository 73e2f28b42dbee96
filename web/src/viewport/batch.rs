//! What the viewport must be told so that it shows what the replica holds.

use std::collections::HashMap;

use vws_core::model::Label;
use vws_core::reduce::State;
use vws_core::replica::View;
use vws_core::{Object, ObjectName};

use super::records;
use super::slots::Slots;
use crate::client::dirty::Dirty;

/// A call to the viewport about one slot, beside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caption {
    /// The slot has this text.
    Text(u32, Label),
    /// The slot has a model at this address.
    Model(u32, String),
}

/// What was told of a slot beside its record, so that it is told again only when it changes.
#[derive(Debug, Default, PartialEq)]
struct Told {
    text: Label,
    model: String,
}

/// The floats and captions of one frame.
#[derive(Debug, Default)]
pub struct Batch {
    /// Records of [`records::STRIDE`] floats.
    pub records: Vec<f32>,
    /// What comes after the records.
    pub captions: Vec<Caption>,
}

/// Turns changes of the replica into batches. It holds numbers and what was told, never the state.
#[derive(Debug, Default)]
pub struct Batcher {
    slots: Slots,
    told: HashMap<u32, Told>,
    batch: Batch,
}

impl Batcher {
    /// The objects' slots.
    #[must_use]
    pub const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// What to tell after `dirty`. Only objects that changed are in it; the buffers are used again.
    pub fn batch(&mut self, dirty: &Dirty, view: Option<&View<'_>>) -> &Batch {
        self.batch.records.clear();
        self.batch.captions.clear();
        match view {
            None => self.remove_absent(|_| false),
            Some(view) if dirty.all_objects => {
                self.remove_absent(|name| view.object(name.as_str()).is_some());
                for object in view.objects() {
                    self.put(object);
                }
            }
            Some(view) => {
                // Removals first, so that their slots are free for what comes.
                let present = |name: &&ObjectName| view.object(name.as_str()).is_some();
                for name in dirty.objects.iter().filter(|name| !present(name)) {
                    self.remove(name);
                }
                for object in dirty.objects.iter().filter_map(|name| view.object(name.as_str())) {
                    self.put(object);
                }
            }
        }
        &self.batch
    }

    fn remove_absent(&mut self, present: impl Fn(&ObjectName) -> bool) {
        let gone: Vec<ObjectName> = self.slots.names().filter(|name| !present(name)).cloned().collect();
        for name in &gone {
            self.remove(name);
        }
    }

    fn remove(&mut self, name: &ObjectName) {
        if let Some(slot) = self.slots.release(name) {
            self.told.remove(&slot);
            records::remove(&mut self.batch.records, slot);
        }
    }

    fn put(&mut self, object: &Object) {
        let slot = self.slots.take(&object.name);
        records::put(&mut self.batch.records, slot, object);
        let model = records::model_url(object).unwrap_or_default();
        let empty = object.text.as_str().is_empty() && model.is_empty();
        if empty && !self.told.contains_key(&slot) {
            return;
        }
        let told = self.told.entry(slot).or_default();
        if told.text != object.text {
            told.text = object.text.clone();
            self.batch.captions.push(Caption::Text(slot, object.text.clone()));
        }
        if told.model != model {
            model.clone_into(&mut told.model);
            self.batch.captions.push(Caption::Model(slot, model.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::replica::Replica;
    use vws_core::wire::{Encoding, ServerMessage};
    use vws_core::{ClientId, Command, Session, SessionId};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// A replica of an empty session, with commands of its own shown at once.
    fn replica() -> Replica {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let mut replica = Replica::new(ClientId::new("c").expect("a valid id"));
        let welcome = format!(
            r#"{{"type":"welcome","protocol":1,"session":"{id}","epoch":1,"head_seq":0,"mode":"snapshot",
            "limits":{{"objects_per_session":100000,"commands_per_batch":1000}}}}"#
        );
        let welcome = Encoding::Json.decode_server(welcome.as_bytes()).expect("a valid message");
        replica.receive([welcome]);
        let parts = Session::new(id, None, 0, 1).snapshot().into_parts();
        replica.receive(parts.into_iter().map(ServerMessage::Snapshot));
        replica
    }

    fn submit(replica: &mut Replica, dirty: &mut Dirty, json: &str) {
        let command: Command = serde_json::from_str(json).expect("a valid command");
        dirty.add(replica.submit(command, None, 0).expect("it stands").touched);
    }

    fn create(name: &str, more: &str) -> String {
        format!(
            r#"{{"type":"create_object","object":{{"name":"{name}","type":"model","x":0,"y":0,"z":0{more}}}}}"#
        )
    }

    /// Slots and kinds of a batch's records.
    fn heads(batch: &Batch) -> Vec<(f32, f32)> {
        batch.records.chunks(records::STRIDE).map(|r| (r[0], r[1])).collect()
    }

    #[test]
    fn only_what_changed_is_told() {
        let (mut replica, mut batcher) = (replica(), Batcher::default());
        let mut dirty = Dirty::everything();
        submit(&mut replica, &mut dirty, &create("a", ""));
        submit(&mut replica, &mut dirty, &create("b", ""));
        let batch = batcher.batch(&dirty, replica.view().as_ref());
        assert_eq!(heads(batch), [(0.0, 8.0), (1.0, 8.0)]);

        let mut dirty = Dirty::default();
        submit(&mut replica, &mut dirty, r#"{"type":"update_object","name":"b","patch":{"x":5}}"#);
        let batch = batcher.batch(&dirty, replica.view().as_ref());
        assert_eq!((heads(batch), batch.records[2]), (vec![(1.0, 8.0)], 5.0));

        let batch = batcher.batch(&Dirty::default(), replica.view().as_ref());
        assert!(batch.records.is_empty());
    }

    #[test]
    fn a_slot_that_is_free_is_taken_again_in_the_same_batch() {
        let (mut replica, mut batcher) = (replica(), Batcher::default());
        let mut dirty = Dirty::everything();
        submit(&mut replica, &mut dirty, &create("z", ""));
        batcher.batch(&dirty, replica.view().as_ref());
        let mut dirty = Dirty::default();
        submit(&mut replica, &mut dirty, &create("a", ""));
        submit(&mut replica, &mut dirty, r#"{"type":"delete_object","name":"z"}"#);
        let batch = batcher.batch(&dirty, replica.view().as_ref());
        assert_eq!(heads(batch), [(0.0, -1.0), (0.0, 8.0)]);
    }

    #[test]
    fn texts_and_models_are_told_when_they_change() {
        let (mut replica, mut batcher) = (replica(), Batcher::default());
        let mut dirty = Dirty::everything();
        submit(&mut replica, &mut dirty, &create("a", r#","text":"hi","properties":{"url":"/m.glb"}"#));
        let told = |batch: &Batch| batch.captions.clone();
        let first = told(batcher.batch(&dirty, replica.view().as_ref()));
        let text = |t: &str| Caption::Text(0, Label::new("text", t).expect("valid"));
        assert_eq!(first, [text("hi"), Caption::Model(0, "/m.glb".into())]);
        assert!(told(batcher.batch(&dirty, replica.view().as_ref())).is_empty(), "they are the same");

        let mut dirty = Dirty::default();
        submit(
            &mut replica,
            &mut dirty,
            r#"{"type":"update_object","name":"a","patch":{"text":"","type":"cube"}}"#,
        );
        let gone = told(batcher.batch(&dirty, replica.view().as_ref()));
        assert_eq!(gone, [text(""), Caption::Model(0, String::new())]);
    }

    #[test]
    fn everything_anew_removes_what_is_gone() {
        let (mut replica, mut batcher) = (replica(), Batcher::default());
        let mut dirty = Dirty::everything();
        submit(&mut replica, &mut dirty, &create("a", ""));
        submit(&mut replica, &mut dirty, &create("b", ""));
        batcher.batch(&dirty, replica.view().as_ref());
        let mut dirty = Dirty::default();
        submit(&mut replica, &mut dirty, r#"{"type":"clear_objects"}"#);
        submit(&mut replica, &mut dirty, &create("b", ""));
        assert!(dirty.all_objects);
        let heads = heads(batcher.batch(&dirty, replica.view().as_ref()));
        assert_eq!(heads, [(0.0, -1.0), (1.0, 8.0)]);
        assert_eq!(batcher.slots().names().count(), 1);
    }

    #[test]
    fn without_a_state_nothing_is_shown() {
        let (mut replica, mut batcher) = (replica(), Batcher::default());
        let mut dirty = Dirty::everything();
        submit(&mut replica, &mut dirty, &create("a", ""));
        batcher.batch(&dirty, replica.view().as_ref());
        assert_eq!(heads(batcher.batch(&Dirty::everything(), None)), [(0.0, -1.0)]);
    }
}
