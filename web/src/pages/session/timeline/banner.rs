//! What tells that the page shows the past.

use std::rc::Rc;

use yew::prelude::*;

use super::{clock, use_time};
use crate::client::progress::grouped;
use crate::pages::session::context::use_session;
use crate::ui::{Button, Glyph, Icon, Kind};

/// Says which moment is shown, that nothing can be changed there, and leads back.
#[component]
pub(in crate::pages::session) fn Banner() -> Html {
    let _session = use_session();
    let time = use_time();
    let Some(moment) = time.moment() else { return html! {} };
    let onlive = {
        let time = Rc::clone(&time);
        Callback::from(move |_| time.live())
    };
    html! {
        <div class="past-banner" role="status" data-testid="past-banner">
            <Glyph icon={Icon::Clock} size={18} />
            <p>
                <strong>{ "You are looking at seq " }<span class="numbers">{ grouped(moment.seq) }</span>{ ", " }{ clock(moment.at) }{ "." }</strong>
                <span class="past-banner-more">{ " The past cannot be changed." }</span>
            </p>
            <Button label="Back to live" kind={Kind::Primary} onclick={onlive} testid="back-to-live" />
        </div>
    }
}
