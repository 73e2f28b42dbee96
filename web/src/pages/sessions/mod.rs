//! The list of sessions.

mod ago;
mod create;
mod live_list;
mod row;

use vws_core::SessionInfo;
use web_sys::{File, InputEvent};
use yew::prelude::*;

use crate::app::brand;
use crate::pages::files::{ChooseFile, TakesFiles};
use crate::route::{Link, Route};
use crate::ui::field::input_text;
use crate::ui::{Button, Glyph, Icon, ThemeToggle};
pub(super) use ago::{ago, use_now};
use create::CreateSession;
pub(super) use create::name_refusal;
use live_list::{Act, Standing, use_lobby};
use row::Row;
pub(super) use row::untitled;

/// Rows that are shown before more are asked for.
const ROWS: usize = 100;
/// From so many sessions on there is a field to search them.
const SEARCH_FROM: usize = 6;

/// Every session, and what can be done with it.
#[component]
pub fn Sessions() -> Html {
    let lobby = use_lobby();
    // To the second: what is told does not change more often.
    let now = use_now() / 1_000 * 1_000;
    let search = use_state(String::new);
    let rows = use_state(|| ROWS);

    let oninput = {
        let (search, rows) = (search.setter(), rows.setter());
        Callback::from(move |event: InputEvent| {
            search.set(input_text(&event));
            rows.set(ROWS);
        })
    };
    let onall = {
        let search = search.setter();
        Callback::from(move |()| search.set(String::new()))
    };
    let onmade = {
        let dispatch = lobby.dispatcher();
        Callback::from(move |info: SessionInfo| dispatch.dispatch(Act::Made(info)))
    };
    let ongone = {
        let dispatch = lobby.dispatcher();
        Callback::from(move |id| dispatch.dispatch(Act::Gone(id)))
    };
    let onmore = {
        let rows = rows.clone();
        Callback::from(move |_| rows.set(*rows + ROWS))
    };

    let chosen = use_state(|| None::<File>);
    let onfile = {
        let chosen = chosen.setter();
        Callback::from(move |file| chosen.set(Some(file)))
    };
    let onclose = {
        let chosen = chosen.setter();
        Callback::from(move |()| chosen.set(None))
    };

    let total = lobby.list.len();
    let mut matching = lobby.list.matching(&search);
    let shown: Vec<SessionInfo> = matching.by_ref().take(*rows).cloned().collect();
    let more = matching.count();

    html! {
        <div class="page">
            <header class="page-bar">
                <Link to={Route::Sessions} class="brand">{ brand() }</Link>
                <span class="bar-space"></span>
                <a class="quiet-link" href="/docs"><Glyph icon={Icon::Book} />{ "API" }</a>
                <ThemeToggle />
            </header>
            <main id="main" tabindex="-1" class="sessions">
                <div class="sessions-head">
                    <h1>{ "Sessions" }</h1>
                    <p class="lead">{ "A session is one world of named 3D objects. Everyone who opens it sees every change at once." }</p>
                </div>
                <CreateSession {onmade} />
                <p class="sessions-import">
                    { "Or begin with a file: " }
                    <ChooseFile {onfile} class="button button-plain" label="Import a session" />
                    <span class="sessions-drop">{ "or drop it here." }</span>
                </p>
                <TakesFiles chosen={(*chosen).clone()} {onclose} />
                if let Standing::Broken(why) = &lobby.standing {
                    <div class="banner banner-bad" role="status" data-testid="lobby-broken">
                        <Glyph icon={Icon::Offline} size={18} />
                        <span>{ format!("The list may be out of date: {why}. Trying again.") }</span>
                    </div>
                }
                if total >= SEARCH_FROM {
                    <div class="sessions-tools">
                        <label class="search">
                            <Glyph icon={Icon::Search} />
                            <span class="visually-hidden">{ "Search sessions" }</span>
                            <input class="input" type="search" placeholder="Search by name or id" value={(*search).clone()} {oninput}
                                data-testid="session-search" />
                        </label>
                        <span class="count">{ counted(total) }</span>
                    </div>
                }
                { list(&lobby.standing, total, &shown, now, &ongone, &onall) }
                if more > 0 {
                    <Button label={format!("Show more ({more})")} onclick={onmore} class="sessions-more" />
                }
            </main>
        </div>
    }
}

fn list(
    standing: &Standing,
    total: usize,
    shown: &[SessionInfo],
    now: vws_core::Millis,
    ongone: &Callback<vws_core::SessionId>,
    onall: &Callback<()>,
) -> Html {
    if total == 0 {
        return match standing {
            Standing::Loading => html! {
                <div class="session-list" aria-busy="true" aria-label="Loading sessions">
                    { for (0..3).map(|_| html! { <div class="session-row skeleton"></div> }) }
                </div>
            },
            Standing::Broken(_) => html! {},
            Standing::Live => html! {
                <div class="notice" data-testid="no-sessions">
                    <Glyph icon={Icon::Cube} size={40} />
                    <h2>{ "No sessions yet" }</h2>
                    <p>{ "Create the first one above, or from a terminal:" }</p>
                    <code class="snippet" tabindex="0">{ format!("curl -X POST {}/api/sessions", origin()) }</code>
                </div>
            },
        };
    }
    if shown.is_empty() {
        return html! {
            <div class="notice notice-small" data-testid="no-session-found">
                <p>{ "No session has this in its name or id." }</p>
                <Button label="Show all sessions" onclick={onall.reform(|_| ())} />
            </div>
        };
    }
    html! {
        <ul class="session-list" data-testid="session-list">
            { for shown.iter().map(|info| html! {
                <Row key={info.session_id.to_string()} info={info.clone()} {now} ongone={ongone.clone()} />
            }) }
        </ul>
    }
}

fn counted(total: usize) -> String {
    format!("{total} session{}", if total == 1 { "" } else { "s" })
}

fn origin() -> String {
    crate::browser::window().location().origin().unwrap_or_default()
}
