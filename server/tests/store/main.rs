//! The store, in process.

mod group;
mod idle;
mod import;
mod laws;
mod restart;
mod support;
