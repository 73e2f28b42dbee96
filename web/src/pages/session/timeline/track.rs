//! The picture of the history: a lane for each author, how much happened, and where the page is.

use std::rc::Rc;

use vws_core::model::Seq;
use web_sys::{Element, KeyboardEvent, PointerEvent};
use yew::prelude::*;

use super::{clock, use_time};
use crate::client::progress::grouped;
use crate::pages::session::context::use_session;
use crate::past::TimeMachine;
use crate::past::faces::Face;
use crate::past::lanes::Lane;
use crate::past::runs::counted;
use crate::past::trail::{Axis, Mark};

/// Columns of the picture, whatever its width.
const COLUMNS: u16 = 600;
/// Columns of the line that tells how much happened.
const DENSITY: u16 = 120;
/// Authors who have a lane of their own, and those who share the last.
const LANES: usize = 4;
/// How near the pointer must be to a mark to mean it, in CSS pixels.
const REACH: f64 = 5.0;
/// Height of a lane in the picture's units.
const LANE: usize = 10;

/// The timeline itself: a slider.
#[component]
pub(super) fn Track() -> Html {
    let _session = use_session();
    let time = use_time();
    let node = use_node_ref();
    let hover = use_state(|| None::<f64>);
    let dragging = use_mut_ref(|| false);

    let place = {
        let node = node.clone();
        move |event: &PointerEvent| {
            let element = node.cast::<Element>()?;
            let bounds = element.get_bounding_client_rect();
            (bounds.width() > 0.0)
                .then(|| ((f64::from(event.client_x()) - bounds.left()) / bounds.width(), bounds.width()))
        }
    };
    let go = {
        let (time, place) = (Rc::clone(&time), place.clone());
        move |event: &PointerEvent| {
            if let Some((place, width)) = place(event) {
                time.pause();
                time.go(meant(&time, place, width));
            }
        }
    };
    let onpointerdown = {
        let (go, node, dragging) = (go.clone(), node.clone(), Rc::clone(&dragging));
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(element) = node.cast::<Element>() {
                // Without it a drag ends at the edge of the timeline.
                let _ = element.set_pointer_capture(event.pointer_id());
            }
            *dragging.borrow_mut() = true;
            go(&event);
        })
    };
    let onpointermove = {
        let (hover, dragging) = (hover.setter(), Rc::clone(&dragging));
        Callback::from(move |event: PointerEvent| {
            hover.set(place(&event).map(|(place, _)| place.clamp(0.0, 1.0)));
            if *dragging.borrow() {
                go(&event);
            }
        })
    };
    let onpointerup = {
        let dragging = Rc::clone(&dragging);
        Callback::from(move |_: PointerEvent| *dragging.borrow_mut() = false)
    };
    let onpointerleave = {
        let hover = hover.setter();
        Callback::from(move |_: PointerEvent| hover.set(None))
    };
    let onkeydown = {
        let time = Rc::clone(&time);
        Callback::from(move |event: KeyboardEvent| {
            if key(&time, &event) {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    };

    let axis = time.axis();
    let (base, head, position) = (time.trail(|t| t.base()), time.head(), time.position());
    let at = if time.is_live() { 1.0 } else { time.trail(|trail| trail.place(position, axis)) };
    let lanes: Vec<(Face, Lane)> = time
        .trail(|trail| trail.lanes(axis, COLUMNS, LANES + 1))
        .into_iter()
        .map(|lane| (face(&time, &lane), lane))
        .collect();
    html! {
        <div class="track-row">
            <ul class="lane-names" aria-label="Who changed something">
                { for lanes.iter().map(|(face, lane)| html! {
                    <li title={format!("{}: {} of the events shown", face.name, grouped(lane.count as u64))} data-testid="lane">
                        <span class="author-dot" style={format!("background:{}", face.color)} aria-hidden="true"></span>
                        <span class="lane-name">{ face.name.clone() }</span>
                    </li>
                }) }
            </ul>
            <div class="track" ref={node} role="slider" tabindex="0" aria-label="Moment" aria-orientation="horizontal"
                aria-valuemin={base.to_string()} aria-valuemax={head.to_string()} aria-valuenow={position.to_string()}
                aria-valuetext={value_text(&time, position)} {onpointerdown} {onpointermove} onpointercancel={onpointerup.clone()}
                {onpointerup} {onpointerleave} {onkeydown} data-testid="track">
                <Picture axis={axis} revision={time.trail(|t| t.revision())} {lanes} />
                <span class={classes!("playhead", time.is_live().then_some("playhead-live"))} style={format!("left:{:.3}%", at * 100.0)} aria-hidden="true"></span>
                if let Some(place) = *hover { { tip(&time, place) } }
            </div>
        </div>
    }
}

/// How the author of a lane is shown.
fn face(time: &TimeMachine, lane: &Lane) -> Face {
    match lane.author {
        Some(number) => {
            let author = time.trail(|trail| trail.author(number).cloned());
            time.face(author.as_ref())
        }
        None => Face { name: "Others".to_owned(), ..crate::past::faces::nobody() },
    }
}

/// The moment that a place means: that of a mark that is near, or the place itself.
fn meant(time: &TimeMachine, place: f64, width: f64) -> Seq {
    time.trail(|trail| {
        let mark = trail.closest(place, time.axis(), REACH / width);
        mark.map_or_else(|| trail.moment(place, time.axis()), |mark| mark.seq)
    })
}

/// Does what a key asks for; answers whether it asked for anything.
fn key(time: &Rc<TimeMachine>, event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    let (base, head) = (time.trail(|trail| trail.base()), time.head());
    let page = (head - base).div_ceil(20).max(1);
    let here = time.position();
    let fine = if event.shift_key() { 10 } else { 1 };
    let to = match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => here.saturating_sub(fine),
        "ArrowRight" | "ArrowUp" => here + fine,
        "PageDown" => here.saturating_sub(page),
        "PageUp" => here + page,
        "Home" => base,
        "End" => head,
        " " => {
            if time.is_playing() {
                time.pause();
            } else {
                time.play();
            }
            return true;
        }
        _ => return false,
    };
    time.pause();
    time.go(to.max(base));
    true
}

/// What a screen reader says of a moment.
fn value_text(time: &TimeMachine, seq: Seq) -> String {
    if time.is_live() {
        return format!("seq {}, the present", grouped(seq));
    }
    match time.trail(|trail| trail.before(seq).filter(|mark| mark.seq == seq).cloned()) {
        Some(mark) => format!("seq {}, {}", grouped(seq), told(time, &mark)),
        None => format!("seq {}, {}", grouped(seq), clock(time.trail(|trail| trail.time_of(seq)))),
    }
}

fn told(time: &TimeMachine, mark: &Mark) -> String {
    let (author, run) = time.trail(|trail| (trail.author(mark.author).cloned(), trail.run_of(mark)));
    let told = format!("{}: {} {}", clock(mark.at), time.face(author.as_ref()).name, mark.what);
    if run.count > 1 { format!("{told}, change {} of {}", run.place, run.count) } else { told }
}

/// Who, when and what at a place.
fn tip(time: &TimeMachine, place: f64) -> Html {
    let axis = time.axis();
    let mark = time.trail(|trail| trail.closest(place, axis, 0.01).cloned());
    let side = if place < 0.5 { "tip-right" } else { "tip-left" };
    let style = if place < 0.5 {
        format!("left:{:.2}%", place * 100.0)
    } else {
        format!("right:{:.2}%", (1.0 - place) * 100.0)
    };
    let (seq, at) = mark.as_ref().map_or_else(
        || {
            let seq = time.trail(|trail| trail.moment(place, axis));
            (seq, time.trail(|trail| trail.time_of(seq)))
        },
        |mark| (mark.seq, mark.at),
    );
    html! {
        <div class={classes!("track-tip", side)} {style} aria-hidden="true" data-testid="track-tip">
            <span class="numbers">{ format!("seq {}", grouped(seq)) }</span>{ " · " }{ clock(at) }
            if let Some(mark) = mark {
                { {
                    let (author, run) = time.trail(|trail| (trail.author(mark.author).cloned(), trail.run_of(&mark)));
                    let face = time.face(author.as_ref());
                    html! {
                        <span class="tip-what">
                            <span class="author-dot" style={format!("background:{}", face.color)}></span>
                            <strong>{ face.name }</strong>{ " " }{ counted(&mark.what, run.count) }
                        </span>
                    }
                } }
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct PictureProps {
    axis: Axis,
    revision: u64,
    lanes: Vec<(Face, Lane)>,
}

/// The marks. It is drawn anew only when they change: a path for each lane, each column once.
#[component]
fn Picture(props: &PictureProps) -> Html {
    let time = use_time();
    let height = props.lanes.len().max(1) * LANE;
    // With few events it would tell nothing that the marks do not.
    let few = time.trail(|trail| trail.head() - trail.base() < u64::from(DENSITY));
    let density = if few { Vec::new() } else { time.trail(|trail| trail.density(props.axis, DENSITY)) };
    let step = f64::from(COLUMNS) / f64::from(DENSITY);
    let mut area = format!("M0 {height}");
    for (column, amount) in density.iter().enumerate() {
        let (x, y) = (column as f64 * step, height as f64 * (1.0 - amount));
        area.push_str(&format!("L{x:.0} {y:.1}L{:.0} {y:.1}", x + step));
    }
    area.push_str(&format!("L{COLUMNS} {height}Z"));
    html! {
        <svg class="track-picture" viewBox={format!("0 0 {COLUMNS} {height}")} preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <path class="track-density" d={area} />
            { for props.lanes.iter().enumerate().map(|(index, (face, lane))| {
                let top = index * LANE + 1;
                // An event is a stroke, a run one bar from its first to its last.
                let mark = |(from, to): &(u16, u16)| format!("M{from} {top}h{0}v{1}h-{0}z", to - from, LANE - 2);
                let marks: String = lane.spans.iter().map(mark).collect();
                html! { <path class="track-marks" d={marks} style={format!("stroke:{0};fill:{0}", face.color)} data-marks={lane.spans.len().to_string()} /> }
            }) }
        </svg>
    }
}
