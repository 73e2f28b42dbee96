//! What a running server tells of itself.

pub mod log;
mod memory;
mod metrics;

pub use memory::resident_bytes;
pub use metrics::{Held, Metrics};
