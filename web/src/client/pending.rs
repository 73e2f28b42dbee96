//! What is shown before the server has answered it.

use std::sync::Arc;

use vws_core::reduce::State;
use vws_core::{Object, ObjectName};

use super::SessionClient;

impl SessionClient {
    /// An object as the server has confirmed it.
    #[must_use]
    pub fn confirmed_object(&self, name: &str) -> Option<Arc<Object>> {
        self.read(|replica| replica.confirmed()?.object(name).cloned())
    }

    /// Whether an object is shown with changes of one's own that the server has not answered yet.
    #[must_use]
    pub fn is_pending(&self, name: &ObjectName) -> bool {
        self.past_seq().is_none()
            && self.read(|replica| replica.pending() > 0 && replica.ahead().touches_object(name.as_str()))
    }
}
