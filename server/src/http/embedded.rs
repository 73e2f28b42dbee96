//! Files that are built into the binary; see `build.rs`.

/// Names, as in `dist/`, and contents.
pub(super) type Files = &'static [(&'static str, &'static [u8])];

/// The page; empty in debug builds and in release builds without `dist/`.
pub(super) const PAGE: Files = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The API explorer, each file as gzip.
pub(super) const EXPLORER: Files = include!(concat!(env!("OUT_DIR"), "/explorer.rs"));
