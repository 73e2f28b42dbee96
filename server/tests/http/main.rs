//! The server over real sockets, in process, on port 0.

mod access;
mod assets;
#[path = "../common/authority.rs"]
mod authority;
mod bodies;
mod commands;
mod conditions;
mod damage;
mod description;
mod history;
mod idempotency;
mod limits;
mod lists;
mod nodes;
mod objects;
mod operation;
mod packed;
mod page;
mod program;
mod proxies;
mod readiness;
mod refusals;
mod sessions;
#[expect(dead_code, reason = "what the tests of the store need of it")]
#[path = "../store/shared.rs"]
mod shared;
mod siege;
mod stop;
mod support;
mod time;
mod tls;
#[path = "../common/tokens.rs"]
mod tokens;
mod transfer;
mod world;
