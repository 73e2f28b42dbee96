//! The timeline at the foot of the session page, and what tells that the page is in the past.

mod banner;
mod track;

use std::rc::Rc;

use vws_core::model::Millis;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::context::use_session;
use crate::client::progress::grouped;
use crate::past::play::SPEEDS;
use crate::past::trail::{Axis, Trail};
use crate::past::{Loading, TimeMachine};
use crate::ui::{Button, Glyph, Icon, IconButton, Tone, use_toasts};
use crate::words;
pub(super) use banner::Banner;
use track::Track;

/// The session's past, for all parts of the page.
#[derive(Clone)]
pub(super) struct Time(pub(super) Rc<TimeMachine>);

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The session's past.
///
/// # Panics
/// Outside of the session page.
#[hook]
pub(super) fn use_time() -> Rc<TimeMachine> {
    use_context::<Time>().expect("the session page provides its past").0
}

/// Makes the session's past, for as long as the page is there.
#[hook]
pub(super) fn use_machine(client: &Rc<crate::client::SessionClient>) -> Time {
    let toasts = use_toasts();
    let machine = use_memo((), |()| Time(TimeMachine::new(client, move |why| toasts.say(Tone::Bad, why))));
    use_effect_with((), {
        let machine = Rc::clone(&machine);
        move |()| move || machine.0.close()
    });
    (*machine).clone()
}

/// A time as people here write it: with its day, and to the second.
pub(super) fn clock(at: Millis) -> String {
    let date = js_sys::Date::new(&(at as f64).into());
    let text = |value: js_sys::JsString| String::from(value);
    let time = text(date.to_locale_time_string("default"));
    let is_today = text(date.to_date_string()) == text(js_sys::Date::new_0().to_date_string());
    if is_today {
        time
    } else {
        format!("{} {time}", text(date.to_locale_date_string("default", &wasm_bindgen::JsValue::UNDEFINED)))
    }
}

/// The timeline.
#[component]
pub(super) fn Timeline() -> Html {
    let _session = use_session();
    let time = use_time();
    if !time.is_open() {
        return html! {};
    }
    let onclose = {
        let time = Rc::clone(&time);
        Callback::from(move |_| time.set_open(false))
    };
    let body = match time.loading() {
        Loading::Failed(why) => {
            let retry = {
                let time = Rc::clone(&time);
                Callback::from(move |_| time.retry())
            };
            html! {
                <div class="timeline-empty" role="alert" data-testid="timeline-failed">
                    <Glyph icon={Icon::Alert} />
                    <span>{ format!("The history cannot be read: {why}.") }</span>
                    <Button label="Try again" icon={Icon::Refresh} onclick={retry} />
                </div>
            }
        }
        Loading::Done if time.trail(|trail| trail.head() == trail.base()) => html! {
            <p class="timeline-empty" data-testid="timeline-empty">
                { "Nothing has happened yet. Every change from now on has its mark here." }
            </p>
        },
        Loading::Idle | Loading::Busy | Loading::Done => html! { <Track /> },
    };
    html! {
        <section class="timeline" aria-label="Timeline" data-testid="timeline">
            <div class="timeline-bar">
                <Transport />
                <Status />
                <span class="bar-space"></span>
                <AxisChoice />

                <super::compare::Compare />
                <super::fork::ForkHere />
                { live_button(&time) }
                <IconButton icon={Icon::Close} label="Close the timeline" onclick={onclose} testid="timeline-close" />
            </div>
            { body }
        </section>
    }
}

fn live_button(time: &Rc<TimeMachine>) -> Html {
    let is_live = time.is_live();
    let onclick = {
        let time = Rc::clone(time);
        Callback::from(move |_: MouseEvent| time.live())
    };
    let title = if is_live { "You see the present" } else { "Back to the present" };
    html! {
        <button type="button" class={classes!("live-button", is_live.then_some("live-on"))} aria-pressed={is_live.to_string()} {onclick} {title}
            data-testid="live">
            <span class="live-dot" aria-hidden="true"></span>{ "LIVE" }
        </button>
    }
}

/// Play, pause and steps.
#[component]
fn Transport() -> Html {
    let _session = use_session();
    let time = use_time();
    let base = time.trail(Trail::base);
    let (position, head) = (time.position(), time.head());
    let step = |by: i64| {
        let time = Rc::clone(&time);
        Callback::from(move |_| time.step(by))
    };
    let playing = time.is_playing();
    let onplay = {
        let time = Rc::clone(&time);
        Callback::from(move |_| if time.is_playing() { time.pause() } else { time.play() })
    };
    let onspeed = {
        let time = Rc::clone(&time);
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some(speed) = SPEEDS.into_iter().find(|speed| speed.to_string() == chosen) {
                time.set_speed(speed);
            }
        })
    };
    let (icon, label) = if playing { (Icon::Pause, "Pause") } else { (Icon::Play, "Play") };
    html! {
        <div class="transport" role="group" aria-label="Play">
            <IconButton icon={Icon::StepBack} label="One event back" disabled={position <= base} onclick={step(-1)} testid="step-back" />
            <IconButton {icon} {label} disabled={head <= base} onclick={onplay} testid="play" />
            <IconButton icon={Icon::StepOn} label="One event on" disabled={position >= head} onclick={step(1)} testid="step-on" />
            <select class="input select speed" aria-label="Speed" onchange={onspeed} data-testid="speed">
                { for SPEEDS.map(|speed| html! {
                    <option value={speed.to_string()} selected={speed == time.speed()}>{ format!("{speed}×") }</option>
                }) }
            </select>
        </div>
    }
}

/// Where the page is, and how much of the history has a mark.
#[component]
fn Status() -> Html {
    let _session = use_session();
    let time = use_time();
    let (position, head) = (time.position(), time.head());
    let moment = time.moment().filter(|_| !time.is_live());
    let shown = time.trail(|trail| {
        let (marks, all) = (trail.len() as u64, trail.head() - trail.base());
        match time.loading() {
            Loading::Busy => format!("reading {} of {} events", grouped(marks), grouped(all)),
            _ if trail.is_whole() => format!("{} event{}", grouped(all), if all == 1 { "" } else { "s" }),
            _ => format!("a sample of {} of {} events", grouped(marks), grouped(all)),
        }
    });
    html! {
        <div class="timeline-status">
            <span class="numbers timeline-position" data-testid="timeline-position">
                { format!("{} / {}", grouped(position), grouped(head)) }
            </span>
            if let Some(moment) = moment {
                <span class="timeline-moment">
                    if let Some(author) = &moment.author {
                        <span class="author-dot" style={format!("background:{}", author.color)} aria-hidden="true"></span>
                        <span>{ format!("{} {}", author.name, moment.what) }</span>
                    } else {
                        <span>{ moment.what }</span>
                    }
                </span>
            } else {
                <span class="timeline-shown" data-testid="timeline-shown">{ shown }</span>
            }
        </div>
    }
}

/// Along what the timeline runs.
#[component]
fn AxisChoice() -> Html {
    let _session = use_session();
    let time = use_time();
    let choice = |axis: Axis, label: &'static str, title: &'static str| {
        let on = time.axis() == axis;
        let onclick = {
            let time = Rc::clone(&time);
            Callback::from(move |_: MouseEvent| time.set_axis(axis))
        };
        html! {
            <button type="button" class={classes!("choice", on.then_some("choice-on"))} aria-pressed={on.to_string()} {onclick} {title}
                data-testid={format!("axis-{}", words::lower(label))}>{ label }</button>
        }
    };
    html! {
        <div class="choices" role="group" aria-label="The timeline runs along">
            { choice(Axis::Events, "Events", "Each event is as long as any other") }
            { choice(Axis::Time, "Time", "Each second is as long as any other") }
        </div>
    }
}
