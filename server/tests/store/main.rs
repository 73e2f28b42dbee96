//! The store, in process.

mod laws;
mod restart;
mod support;
