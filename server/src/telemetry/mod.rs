//! What a running server tells of itself.

pub mod log;
mod memory;
mod metrics;
mod sharded;

pub(crate) use memory::LOOK_EVERY;
pub use memory::{MemoryBound, Watermark, available_bytes, resident_bytes};
pub use metrics::{Held, Metrics};
