//! The locks and tasks that the line of those who commit is built of, named in one place: the model test
//! (`server/tests/commits`) compiles the same sources over shuttle's.

pub(super) use std::hint::spin_loop;
pub(super) use std::sync::atomic::AtomicU8;

pub(super) use parking_lot::Mutex;
pub(super) use tokio::runtime::Handle;
pub(super) use tokio::spawn;
pub(super) use tokio::task::yield_now;

/// How often somebody looks whether the turn is free who came when it was taken for a short time. That is some
/// microseconds in all, several times what a command takes.
pub(super) const LOOKS: usize = 128;
