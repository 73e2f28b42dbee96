//! The store, in process.

mod backup;
mod group;
mod idle;
mod import;
mod laws;
mod restart;
mod support;
