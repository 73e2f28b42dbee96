//! The line at the bottom: figures that show that both sides hold the same.

use vws_core::reduce::State;
use yew::prelude::*;

use super::context::use_session;
use super::timeline::use_time;
use crate::client::progress::grouped;
use crate::ui::{Glyph, Icon};

/// A round trip as people read it.
fn round_trip(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// The line at the bottom of the session page.
#[component]
pub(super) fn Foot() -> Html {
    let client = use_session().client;
    // Of the moment that is shown; all else is of the present.
    let objects = client.view(|view, _| view.object_count() as u64);
    let (seq, digest, pending, people) = client.read(|replica| {
        let confirmed = replica.confirmed();
        (
            confirmed.map(|c| grouped(c.seq())),
            confirmed.map(|c| c.digest().to_string()),
            replica.pending(),
            replica.peers().len() + 1,
        )
    });
    let time = use_time();
    let (open, past) = (time.is_open(), client.past_seq().is_some());
    let ontimeline = Callback::from(move |_: MouseEvent| time.set_open(!time.is_open()));
    let dash = || "–".to_owned();
    let full_digest = digest.clone().unwrap_or_default();
    html! {
        <footer class="foot" aria-label="State of the session">
            <button type="button" class="foot-button" aria-expanded={open.to_string()} onclick={ontimeline}
                title="The history of this session: who changed what, and how it looked then" data-testid="toggle-timeline">
                <Glyph icon={Icon::Clock} size={14} />{ "Timeline" }
            </button>
            <span class="foot-item" title="Number of the last event of this session that this page holds">
                <span class="foot-label">{ "seq" }</span><span class="numbers" data-testid="seq">{ seq.unwrap_or_else(dash) }</span>
            </span>
            <span class="foot-item" title={if past { "Objects at the moment that is shown" } else { "Objects in this session" }}>
                <span class="foot-label">{ if past { "objects then" } else { "objects" } }</span>
                <span class="numbers" data-testid="object-count">{ objects.map_or_else(dash, grouped) }</span>
            </span>
            <span class="foot-item wide-only" title={format!("Hash of the whole state: {full_digest}. The server's is compared after each change.")}>
                <span class="foot-label">{ "digest" }</span>
                <span class="numbers" data-testid="digest">{ digest.map_or_else(dash, |d| d[..8].to_owned()) }</span>
            </span>
            if pending > 0 {
                <span class="foot-item foot-pending" title="Changes of yours that the server has not answered yet">
                    <span class="numbers" data-testid="pending">{ pending }</span>{ " unconfirmed" }
                </span>
            }
            <span class="bar-space"></span>
            <span class="foot-item" title="Mean time to the server and back">
                <span class="foot-label">{ "rtt" }</span>
                <span class="numbers" data-testid="rtt">{ client.round_trip().map_or_else(dash, round_trip) }</span>
            </span>
            <span class="foot-item" title="Pages and programs in this session">
                <Glyph icon={Icon::People} size={14} /><span class="visually-hidden">{ "People here: " }</span>
                <span class="numbers" data-testid="people">{ people }</span>
            </span>
        </footer>
    }
}
