//! The pages.

mod files;
pub mod not_found;
pub mod session;
pub mod sessions;
