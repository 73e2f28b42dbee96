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
    let icon = match theme.choice {
        Choice::System => Icon::Monitor,
        Choice::Light => Icon::Sun,
        Choice::Dark => Icon::Moon,
    };
    let next = theme.choice.next(theme.system_is_dark);
    let system = if theme.system_is_dark { "dark" } else { "light" };
    let named = |choice| match choice {
        Choice::System => format!("as the system has it ({system})"),
        Choice::Light => "light".to_owned(),
        Choice::Dark => "dark".to_owned(),
    };
    let label = format!("Theme: {}. Next: {}", named(theme.choice), named(next));
    let onclick = theme.choose.reform(move |_| next);
    html! { <IconButton {icon} {label} {onclick} class={props.class.clone()} testid="theme" /> }
}
