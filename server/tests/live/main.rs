//! What subscribers see, over real sockets: the WebSocket and the event streams.
//!
//! Sessions are made in process where a test is not about how they are made.

mod access;
mod answers;
#[path = "../common/authority.rs"]
mod authority;
mod ending;
mod frames;
mod joining;
#[cfg(target_os = "linux")]
mod memory;
mod nodes;
mod presence;
mod pressure;
mod races;
#[expect(dead_code, reason = "what the tests of the store need of it")]
#[path = "../store/shared.rs"]
mod shared;
mod siege;
mod standard;
mod streams;
mod support;
mod tls;
#[path = "../common/tokens.rs"]
mod tokens;
