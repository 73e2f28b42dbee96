//! What a running server tells of itself.

pub mod log;
mod memory;
mod metrics;
mod sharded;

pub use memory::resident_bytes;
pub use metrics::{Held, Metrics};
