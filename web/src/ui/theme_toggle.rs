//! The switch between the system's theme, light and dark.

use yew::prelude::*;

use super::{Icon, IconButton};
use crate::theme::{Choice, use_theme};

/// A button that goes round the themes.
#[component]
pub fn ThemeToggle() -> Html {
    let theme = use_theme();
    let (icon, label) = match theme.choice {
        Choice::System => (Icon::Monitor, "Theme: as the system has it"),
        Choice::Light => (Icon::Sun, "Theme: light"),
        Choice::Dark => (Icon::Moon, "Theme: dark"),
    };
    let next = theme.choice.next();
    let onclick = theme.choose.reform(move |_| next);
    html! { <IconButton {icon} {label} {onclick} testid="theme" /> }
}
