//! How the connection stands.

use std::time::Duration;

/// How the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The first connection, or the state, is on its way.
    Connecting,
    /// The mirror follows the session.
    Live,
    /// The connection was lost; what is shown is as of then.
    Reconnecting {
        /// Which try comes next: 1, 2, ….
        attempt: u32,
        /// How long it waits.
        wait: Duration,
    },
    /// Ended, and for what reason: by this program, or by the server for good.
    Closed(String),
}
