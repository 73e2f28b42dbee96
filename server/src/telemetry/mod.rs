//! What a running server tells of itself.

pub mod log;
mod metrics;

pub use metrics::{Held, Metrics};
