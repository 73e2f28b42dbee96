//! The server over real sockets, in process, on port 0.

mod limits;
mod page;
mod program;
mod refusals;
mod stop;
mod support;
