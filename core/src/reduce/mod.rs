//! The reducer: [`decide`] turns a wish into facts or a refusal, [`apply`] folds a fact into state.
//!
//! Both work on the traits [`State`] and [`StateMut`], which a [`Session`](crate::Session) has, and
//! an [`Overlay`] over one: a batch is decided against the state that its earlier commands would
//! leave, and a client shows its unconfirmed commands, without touching the session.

mod apply;
mod check;
mod decide;
mod overlay;
mod state;

pub use apply::apply;
pub(crate) use check::pointer_token;
pub use decide::{Context, decide, decide_one};
pub use overlay::{Changes, Overlay};
pub use state::{State, StateMut};
