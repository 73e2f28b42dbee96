//! The page's own widgets. None of them knows the session.

pub mod button;
pub mod dialog;
pub mod field;
pub mod icon;
pub mod live_field;
pub mod scrub;
pub mod theme_toggle;
pub mod toast;

pub use button::{Button, IconButton, Kind};
pub use dialog::{Confirm, Prompt};
pub use field::{ColorField, Field, Select, Switch, TextArea};
pub use icon::{Glyph, Icon};
pub use live_field::{LiveField, Shape};
pub use theme_toggle::ThemeToggle;
pub use toast::{Remedy, Toasts, Tone, use_toasts};
