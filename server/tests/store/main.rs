//! The store, in process.

mod group;
mod import;
mod laws;
mod restart;
mod support;
