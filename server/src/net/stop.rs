//! The end of a server, told once and heard everywhere.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tells connections and streams that the server is ending, and waits until they have.
///
/// Whoever serves a connection for longer than one request spawns it with [`Stop::spawn`] and ends it
/// when [`Stop::stopping`] resolves.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Stop {
    /// Whether the server is ending.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Resolves when the server begins to end.
    pub async fn stopping(&self) {
        self.token.cancelled().await;
    }

    /// Runs a task that the end of the server waits for, up to its grace period.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Has the end of the server wait for a future that something else runs.
    pub fn track<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        self.tasks.track_future(future)
    }

    pub(crate) fn begin(&self) {
        self.token.cancel();
        self.tasks.close();
    }

    pub(crate) async fn ended(&self) {
        self.tasks.wait().await;
    }

    pub(crate) fn remaining(&self) -> usize {
        self.tasks.len()
    }
}
