//! The store, in process.

mod backup;
mod group;
mod idle;
mod import;
mod laws;
mod nodes;
mod restart;
mod shared;
mod support;
