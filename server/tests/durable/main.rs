//! What survives: the program itself is killed, watched and started again.

mod assets;
mod doctor;
#[cfg(target_os = "linux")]
mod flush;
mod history;
mod kill;
mod support;
