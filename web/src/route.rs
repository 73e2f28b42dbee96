//! Which page a path names, and how to get from one to another without loading anew.

use std::str::FromStr;

use gloo_events::EventListener;
use vws_core::SessionId;
use wasm_bindgen::JsValue;
use web_sys::{Event, MouseEvent};
use yew::prelude::*;

use crate::browser;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/`: the list of sessions.
    Sessions,
    /// `/s/{id}`: one session.
    Session(SessionId),
    /// Any other path.
    NotFound,
}

impl Route {
    /// The page of a path.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        match path.trim_end_matches('/') {
            "" => Self::Sessions,
            path => path
                .strip_prefix("/s/")
                .and_then(|id| SessionId::from_str(id).ok())
                .map_or(Self::NotFound, Self::Session),
        }
    }

    /// The path of the page.
    #[must_use]
    pub fn path(self) -> String {
        match self {
            Self::Sessions | Self::NotFound => "/".to_owned(),
            Self::Session(id) => format!("/s/{id}"),
        }
    }

    fn current() -> Self {
        Self::of_path(&browser::window().location().pathname().unwrap_or_default())
    }
}

/// The event that says that [`navigate`] has changed the address: the browser only tells of its own
/// changes.
const NAVIGATED: &str = "vws:navigated";

/// Goes to a page. The address changes and the back button comes back.
pub fn navigate(to: Route) {
    let window = browser::window();
    let pushed = window.history().and_then(|h| h.push_state_with_url(&JsValue::NULL, "", Some(&to.path())));
    match pushed {
        Ok(()) => {
            let event = Event::new(NAVIGATED).expect("an event with a name can be made");
            window.dispatch_event(&event).expect("the event was made here and is not in use");
        }
        // Too many entries in too little time: load the page anew.
        Err(_) => drop(window.location().assign(&to.path())),
    }
}

/// The present page; the component renders again when it changes.
#[hook]
pub fn use_route() -> Route {
    let route = use_state(Route::current);
    let setter = route.setter();
    use_effect_with((), move |()| {
        let listen = |name: &'static str| {
            let setter = setter.clone();
            EventListener::new(&browser::window(), name, move |_| setter.set(Route::current()))
        };
        let listeners = [listen("popstate"), listen(NAVIGATED)];
        move || drop(listeners)
    });
    *route
}

/// Properties of [`Link`].
#[derive(Properties, PartialEq)]
pub struct LinkProps {
    /// Where it leads.
    pub to: Route,
    /// CSS classes.
    #[prop_or_default]
    pub class: Classes,
    /// What it is called where its content is an icon.
    #[prop_or_default]
    pub label: Option<AttrValue>,
    /// Name for browser tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
    /// What it shows.
    pub children: Html,
}

/// A link to a page: a real one, so that it can be opened in another tab; a plain click stays in this.
#[component]
pub fn Link(props: &LinkProps) -> Html {
    let to = props.to;
    let onclick = Callback::from(move |event: MouseEvent| {
        let plain = event.button() == 0
            && !(event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key());
        if plain {
            event.prevent_default();
            navigate(to);
        }
    });
    html! {
        <a href={to.path()} class={props.class.clone()} {onclick} aria-label={props.label.clone()}
            title={props.label.clone()} data-testid={props.testid.clone()}>
            { props.children.clone() }
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const ID: &str = "0197a2b4-0000-7000-8000-000000000001";

    #[test]
    fn paths_lead_to_pages_and_back() {
        assert_eq!(Route::of_path("/"), Route::Sessions);
        assert_eq!(Route::of_path(""), Route::Sessions);
        let session = Route::of_path(&format!("/s/{ID}"));
        assert_eq!(session, Route::Session(ID.parse().expect("a valid id")));
        assert_eq!(Route::of_path(&session.path()), session);
        assert_eq!(Route::of_path(&format!("/s/{ID}/")), session);
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in ["/s", "/s/", "/s/x", "/x", &format!("/s/{}", ID.to_uppercase()), &format!("/s/{ID}/x")] {
            assert_eq!(Route::of_path(path), Route::NotFound, "{path}");
        }
    }
}
