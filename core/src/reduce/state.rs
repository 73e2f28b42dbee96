//! What the reducer needs of a state.

use std::sync::Arc;

use crate::model::{DisplayName, Object, ObjectName, Seq, World};

/// A state that commands can be judged against.
pub trait State {
    /// The seq of the last event in it.
    fn seq(&self) -> Seq;
    /// The object of that name.
    fn object(&self, name: &str) -> Option<&Arc<Object>>;
    /// How many objects there are.
    fn object_count(&self) -> usize;
    /// The world.
    fn world(&self) -> &World;
    /// The session's name.
    fn name(&self) -> Option<&DisplayName>;
}

/// A state that events can be folded into. Only [`apply`](super::apply) calls these.
pub trait StateMut: State {
    /// Notes that the event of this seq is in.
    fn set_seq(&mut self, seq: Seq);
    /// Adds an object, in place of one of the same name.
    fn put_object(&mut self, object: Arc<Object>);
    /// Changes an object where it is, everything but its name. Does nothing where there is none.
    fn change_object(&mut self, name: &ObjectName, change: impl FnOnce(&mut Object));
    /// Removes an object.
    fn take_object(&mut self, name: &ObjectName) -> Option<Arc<Object>>;
    /// Removes all objects.
    fn clear_objects(&mut self);
    /// Changes the world.
    fn change_world(&mut self, change: impl FnOnce(&mut World));
    /// Sets the session's name.
    fn set_name(&mut self, name: Option<DisplayName>);
}
