//! The commands that talk to a server, as a shell sees them: the real program, a real server on port 0.

mod access;
#[path = "../common/authority.rs"]
mod authority;
mod backup;
mod bench;
mod diff;
mod files;
mod form;
mod objects;
mod replay;
mod sessions;
mod support;
mod tls;
#[path = "../common/tokens.rs"]
mod tokens;
mod top;
mod watch;
