//! The rules of SPEC.md that core keeps, one test or more for each. The name of a test begins with the
//! identifier of its rule.
//!
//! # Layout
//! - `given`: states, commands as clients write them, and the form "given, when, then".
//! - `generate`: random values of every kind, right and wrong.
//! - `laws`: what holds for all of them.
//! - `identity`, `names`, `numbers`, `objects`, `presence`, `properties`, `world`: values, each side of each bound.
//! - `commands`, `batches`, `events`, `errors`: what commands lead to.
//! - `parsing`: bytes.
//! - `digest`, `snapshots`, `transfer`: states and histories that travel.
//! - `replica`: mirrors, message by message; `tests/network` has them on a network that breaks everything.

mod batches;
mod commands;
mod digest;
mod errors;
mod events;
mod generate;
mod given;
mod history;
mod identity;
mod laws;
mod names;
mod numbers;
mod objects;
mod parsing;
mod presence;
mod properties;
mod replica;
mod snapshots;
mod transfer;
mod undo_stack;
mod world;
