//! The switch between the system's theme, light and dark.

use yew::prelude::*;

use super::{Icon, IconButton};
use crate::theme::{Choice, use_theme};

/// Properties of [`ThemeToggle`].
#[derive(Properties, PartialEq)]
pub struct ThemeToggleProps {
    /// More CSS classes.
    #[prop_or_default]
    pub class: Classes,
}

/// A button that goes round the themes.
#[component]
pub fn ThemeToggle(props: &ThemeToggleProps) -> Html {
    let theme = use_theme();
    let (icon, label) = match theme.choice {
        Choice::System => (Icon::Monitor, "Theme: as the system has it"),
        Choice::Light => (Icon::Sun, "Theme: light"),
        Choice::Dark => (Icon::Moon, "Theme: dark"),
    };
    let next = theme.choice.next();
    let onclick = theme.choose.reform(move |_| next);
    html! { <IconButton {icon} {label} {onclick} class={props.class.clone()} testid="theme" /> }
}
