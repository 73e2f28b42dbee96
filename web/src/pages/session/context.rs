//! What every part of the session page gets.

use std::rc::Rc;

use vws_core::Command;
use yew::prelude::*;

use crate::client::SessionClient;
use crate::form::Refusal;
use crate::viewport::port::Port;

/// The session of the page. It compares unequal after each frame in which something changed, so that
/// whoever reads it draws itself anew.
#[derive(Clone)]
pub(super) struct SessionHandle {
    /// The page's part in the session.
    pub(super) client: Rc<SessionClient>,
    /// Counts the frames in which something changed.
    pub(super) revision: u64,
    /// The way to the 3D view.
    pub(super) port: Rc<Port>,
}

impl PartialEq for SessionHandle {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && Rc::ptr_eq(&self.client, &other.client)
    }
}

impl SessionHandle {
    /// A callback that submits the command that it is given.
    #[must_use]
    pub(super) fn commit(&self) -> Callback<Command> {
        let client = Rc::clone(&self.client);
        Callback::from(move |command| {
            client.submit(command);
        })
    }

    /// A callback that judges what a live field says.
    #[must_use]
    pub(super) fn check(
        &self,
        judge: impl Fn(&SessionClient, &str) -> Result<Command, Refusal> + 'static,
    ) -> Callback<String, Result<Command, Refusal>> {
        let client = Rc::clone(&self.client);
        Callback::from(move |text: String| judge(&client, &text))
    }
}

/// The session of the page.
///
/// # Panics
/// Outside of the session page.
#[hook]
pub(super) fn use_session() -> SessionHandle {
    use_context().expect("the session page provides its session")
}
