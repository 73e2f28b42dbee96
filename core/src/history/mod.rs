//! What an ordered log of facts makes cheap: taking changes back, and telling two states apart.
//!
//! Both answer in commands, never in state: what they lead to is decided, logged and broadcast like any
//! other change.
//!
//! # Layout
//! - [`compensate`]: the command that takes an earlier command back; [`Event::inverse`](crate::Event::inverse)
//!   does it for one event.
//! - [`UndoStack`]: what one person can take back step by step, and do again.
//! - [`diff`]: the commands that lead from one state to another.
//! - [`Event::wish`](crate::Event::wish): the command that leads to an event.
//! - `restate`: values of the model as a client would write them.

mod diff;
mod restate;
mod stack;
mod undo;
pub(crate) mod wish;

pub use diff::diff;
pub use stack::{Purpose, UndoStack, Way};
pub use undo::compensate;
