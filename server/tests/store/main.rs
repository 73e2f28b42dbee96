//! The store, in process.

mod group;
mod laws;
mod restart;
mod support;
