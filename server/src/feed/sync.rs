//! The locks and calls that the feed is built of, named in one place: the model test (`server/tests/model`) compiles
//! the same sources over loom's.

pub(crate) use parking_lot::Mutex;
pub(crate) use tokio::sync::Notify;
