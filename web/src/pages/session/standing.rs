//! How the page stands with its session: in the bar, and over the page where nothing else goes on.

use std::rc::Rc;

use gloo_timers::callback::Interval;
use vws_core::Problem;
use vws_core::reduce::State;
use vws_core::replica::Replica;
use yew::prelude::*;

use super::context::use_session;
use super::editor::use_actions;
use crate::browser;
use crate::client::progress::grouped;
use crate::client::{SessionClient, Standing};
use crate::route::{Link, Route};
use crate::token;
use crate::ui::{Button, Glyph, Icon, Kind};

/// Whole seconds until a time, at least one: a countdown that shows 0 looks stuck.
fn seconds_until(until: f64, now: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the longest wait"
    )]
    let seconds = ((until - now) / 1_000.0).ceil().clamp(1.0, 3_600.0) as u32;
    seconds
}

/// A short word in the bar, a countdown while it waits, and a way not to wait.
#[component]
pub(super) fn StandingPill() -> Html {
    let client = use_session().client;
    let standing = client.standing();
    let tick = use_force_update();
    let waiting = matches!(standing, Standing::Waiting { .. });
    use_effect_with(waiting, move |waiting| {
        let clock = waiting.then(|| Interval::new(250, move || tick.force_update()));
        move || drop(clock)
    });
    let (class, word) = match &standing {
        Standing::Live if client.looks_only() => ("pill-good", "View only".to_owned()),
        Standing::Live => ("pill-good", "Connected".to_owned()),
        Standing::Loading(_) => ("pill-busy", "Loading".to_owned()),
        Standing::Connecting => ("pill-busy", "Connecting".to_owned()),
        Standing::Waiting { .. } if !browser::is_online() => ("pill-bad", "Offline".to_owned()),
        Standing::Waiting { .. } => ("pill-bad", "Reconnecting".to_owned()),
        Standing::Gone => ("pill-bad", "Deleted".to_owned()),
        Standing::Refused { .. } => ("pill-bad", "Sent away".to_owned()),
    };
    let retry = {
        let client = Rc::clone(&client);
        Callback::from(move |_| client.retry_now())
    };
    html! {
        <div class="standing">
            <span class={classes!("pill", class)} role="status" data-testid="standing" data-standing={standing.word()}>
                <span class="pill-dot" aria-hidden="true"></span>
                { word }
                // Not for screen readers: they would say every second.
                if let Standing::Waiting { until } = standing {
                    <span class="pill-count" aria-hidden="true" data-testid="countdown">
                        { format!(" in {} s", seconds_until(until, browser::monotonic_ms())) }
                    </span>
                }
            </span>
            if waiting {
                <Button label="Retry now" icon={Icon::Refresh} onclick={retry} testid="retry-now" class="pill-retry" />
            }
        </div>
    }
}

/// What stands in the place of everything where the page can do nothing more with its session; `None`
/// where it can.
pub(super) fn the_end(client: &Rc<SessionClient>) -> Option<Html> {
    let had_state = client.read(|replica| replica.confirmed().is_some());
    match client.standing() {
        Standing::Gone => Some(html! {
            <main id="main" tabindex="-1" class="the-end" data-testid="session-gone">
                <div class="notice">
                    <Glyph icon={Icon::Trash} size={40} />
                    <h2>{ "This session does not exist" }</h2>
                    <p>{ if had_state {
                        "It was deleted, or the server was restarted and kept nothing."
                    } else {
                        "It was deleted, or it never was. Check the address."
                    } }</p>
                    <Link to={Route::Sessions} class="button button-primary">{ "All sessions" }</Link>
                </div>
            </main>
        }),
        Standing::Refused { reason } => {
            if let Some(problem) = client.refusal() {
                return Some(shut_out(client, &problem));
            }
            let client = Rc::clone(client);
            let retry = Callback::from(move |_| client.retry_now());
            Some(html! {
                <main id="main" tabindex="-1" class="the-end" data-testid="session-refused">
                    <div class="notice">
                        <Glyph icon={Icon::Alert} size={40} />
                        <h2>{ "The server has ended this connection" }</h2>
                        <p>{ format!("Its reason: {}.", reason.replace('_', " ")) }</p>
                        <Button label="Connect again" kind={Kind::Primary} onclick={retry} />
                    </div>
                </main>
            })
        }
        Standing::Live | Standing::Loading(_) | Standing::Connecting | Standing::Waiting { .. } => None,
    }
}

/// What a page shows whose link does not let it in, or not any more.
fn shut_out(client: &Rc<SessionClient>, problem: &Problem) -> Html {
    let (title, text) = match problem.code.as_str() {
        "token_needed" => {
            ("You need a link that lets you in", "Ask whoever shares this session for one.".to_owned())
        }
        "token_expired" => ("Your link has ended", "Ask whoever gave it to you for another one.".to_owned()),
        "token_revoked" => {
            ("Your link was taken back", "Ask whoever gave it to you for another one.".to_owned())
        }
        "forbidden" => ("Your link is for something else", format!("The server says: {}.", problem.detail)),
        _ => ("Your link does not let you in", format!("The server says: {}.", problem.detail)),
    };
    let again = {
        let client = Rc::clone(client);
        Callback::from(move |_| client.retry_now())
    };
    let without = token::is_there().then(|| {
        let client = Rc::clone(client);
        Callback::from(move |_| {
            token::forget();
            client.retry_now();
        })
    });
    html! {
        <main id="main" tabindex="-1" class="the-end" data-testid="session-shut-out">
            <div class="notice">
                <Glyph icon={Icon::Locked} size={40} />
                <h2>{ title }</h2>
                <p>{ text }</p>
                <Button label="Try again" kind={Kind::Primary} onclick={again} />
                if let Some(onclick) = without {
                    <Button label="Go on without the link" {onclick} testid="without-link" />
                }
            </div>
        </main>
    }
}

/// What covers the view until there is something in it.
#[component]
pub(super) fn StandingCover() -> Html {
    let client = use_session().client;
    let has_state = client.read(|replica| replica.confirmed().is_some());
    match client.standing() {
        Standing::Loading(progress) if !has_state => {
            let total = progress.total.unwrap_or_default();
            html! {
                <div class="cover cover-light" role="status" data-testid="loading">
                    <div class="notice">
                        <progress max={total.max(1).to_string()} value={progress.loaded.to_string()} aria-label="Loading objects"></progress>
                        <p class="numbers">{ progress.words() }</p>
                    </div>
                </div>
            }
        }
        Standing::Connecting | Standing::Waiting { .. } if !has_state => html! {
            <div class="cover cover-light" role="status" data-testid="connecting">
                <div class="notice"><span class="spinner" aria-hidden="true"></span><p>{ "Connecting to the session" }</p></div>
            </div>
        },
        // Nothing can be changed there, so nothing waits.
        _ if client.past_seq().is_some() => html! {},
        Standing::Connecting | Standing::Waiting { .. } => {
            let waiting = client.read(Replica::pending);
            html! {
                <div class="view-note view-note-top view-note-late" role="status" data-testid="offline-note">
                    <Glyph icon={Icon::Offline} />
                    <span>{ offline_words(waiting) }</span>
                </div>
            }
        }
        Standing::Live if client.view(|view, _| view.object_count()) == Some(0) => html! { <Empty /> },
        Standing::Live | Standing::Loading(_) | Standing::Gone | Standing::Refused { .. } => html! {},
    }
}

/// What becomes of changes while there is no server.
fn offline_words(waiting: usize) -> String {
    let what = match waiting {
        0 => "What you change".to_owned(),
        1 => "Your change".to_owned(),
        n => format!("Your {} changes", grouped(n as u64)),
    };
    let verbs = if waiting > 1 { "wait here and are" } else { "waits here and is" };
    format!("Not connected. {what} {verbs} sent when the server is back.")
}

/// An empty world, and how to begin. On a wide page the list beside it says the same.
#[component]
fn Empty() -> Html {
    let actions = use_actions();
    let onclick = Callback::from(move |_: MouseEvent| actions.perform("add"));
    html! {
        <div class="notice view-empty" data-testid="empty-world">
            <p>{ "This world is empty." }</p>
            <Button label="Add the first object" icon={Icon::Plus} kind={Kind::Primary} {onclick} />
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{offline_words, seconds_until};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web65_a_page_without_a_server_says_what_becomes_of_changes() {
        let said = |waiting| offline_words(waiting).split_once(". ").map(|(_, rest)| rest.to_owned());
        assert_eq!(
            said(0).as_deref(),
            Some("What you change waits here and is sent when the server is back.")
        );
        assert_eq!(said(1).as_deref(), Some("Your change waits here and is sent when the server is back."));
        assert_eq!(
            said(1_024).as_deref(),
            Some("Your 1,024 changes wait here and are sent when the server is back.")
        );
    }

    #[test]
    fn the_countdown_never_shows_nothing() {
        assert_eq!(seconds_until(5_000.0, 0.0), 5);
        assert_eq!(seconds_until(5_000.0, 100.0), 5);
        assert_eq!(seconds_until(5_000.0, 4_001.0), 1);
        assert_eq!(seconds_until(5_000.0, 9_000.0), 1);
    }
}
