//! The letter before a number, by which it is dragged to another one.

use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, PointerEvent};
use yew::prelude::*;

use crate::browser;

/// Pixels that a press may move and is still a click.
const SLACK: f64 = 3.0;
/// Milliseconds between two values that are told during a drag: about 15 a second.
const EVERY_MS: u32 = 66;
/// How much further a pixel goes with Shift, and with Alt.
const COARSE: f64 = 10.0;
const FINE: f64 = 0.1;

/// What a drag tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drag {
    /// It begins.
    Begin,
    /// It is this far from where it began.
    By(f64),
    /// It was given up: all is to be as it was.
    Cancel,
}

/// Takes a drag, and answers how far it got: less where there is an end to it.
pub type OnDrag = Callback<Drag, f64>;

/// Properties of [`ScrubLabel`].
#[derive(Properties, PartialEq)]
pub struct ScrubLabelProps {
    /// The input that it belongs to.
    pub id: AttrValue,
    /// What it is called.
    pub label: AttrValue,
    /// The letter.
    pub prefix: AttrValue,
    /// How far a pixel goes.
    pub per_pixel: f64,
    /// Called with what the drag tells.
    pub ondrag: OnDrag,
}

/// A drag that goes on.
struct Going {
    /// Where the pointer was last.
    at: f64,
    /// How far it has moved, while it is not yet a drag.
    slack: f64,
    begun: bool,
    /// How far the value is from where it began.
    by: f64,
    /// What was told last.
    told: f64,
    /// Tells the value that it is at by then.
    timer: Option<Timeout>,
    /// When something was told last, in monotonic milliseconds.
    told_at: f64,
    _keys: EventListener,
}

/// The letter of a number field. Dragging it changes the number: with Shift ten times as fast, with Alt ten
/// times as finely, until Escape gives it up. A click leads to the field as on any label.
#[component]
pub fn ScrubLabel(props: &ScrubLabelProps) -> Html {
    let going = use_mut_ref(|| None::<Going>);
    let dragging = use_state_eq(|| false);
    // The click that ends a drag leads nowhere.
    let dragged = use_mut_ref(|| false);
    let ondrag = use_mut_ref(|| props.ondrag.clone());
    ondrag.replace(props.ondrag.clone());

    let tell: Rc<dyn Fn()> = {
        let (going, ondrag) = (Rc::clone(&going), Rc::clone(&ondrag));
        Rc::new(move || {
            let by = match going.borrow_mut().as_mut() {
                Some(going) if going.by != going.told => {
                    (going.timer, going.told_at) = (None, browser::monotonic_ms());
                    going.by
                }
                _ => return,
            };
            // What hears of it may draw this anew: nothing is borrowed meanwhile.
            let ondrag = ondrag.borrow().clone();
            let got = ondrag.emit(Drag::By(by));
            if let Some(going) = going.borrow_mut().as_mut() {
                (going.by, going.told) = (got, got);
            }
        })
    };
    let cancel: Rc<dyn Fn()> = {
        let (going, ondrag, dragging) = (Rc::clone(&going), Rc::clone(&ondrag), dragging.setter());
        Rc::new(move || {
            let was = going.take();
            if was.is_some_and(|going| going.begun) {
                let ondrag = ondrag.borrow().clone();
                ondrag.emit(Drag::Cancel);
            }
            dragging.set(false);
        })
    };
    let onpointerdown = {
        let (going, dragged, cancel) = (Rc::clone(&going), Rc::clone(&dragged), Rc::clone(&cancel));
        Callback::from(move |event: PointerEvent| {
            *dragged.borrow_mut() = false;
            if event.button() != 0 || going.borrow().is_some() {
                return;
            }
            capture(&event);
            let keys = on_escape(Rc::clone(&cancel));
            going.replace(Some(Going {
                at: f64::from(event.client_x()),
                slack: 0.0,
                begun: false,
                by: 0.0,
                told: 0.0,
                timer: None,
                told_at: 0.0,
                _keys: keys,
            }));
        })
    };
    let onpointermove = {
        let (going, ondrag, dragged, tell) =
            (Rc::clone(&going), Rc::clone(&ondrag), Rc::clone(&dragged), Rc::clone(&tell));
        let (dragging, per_pixel) = (dragging.setter(), props.per_pixel);
        Callback::from(move |event: PointerEvent| {
            let begins = {
                let mut going = going.borrow_mut();
                let Some(going) = going.as_mut() else { return };
                let at = f64::from(event.client_x());
                let moved = at - std::mem::replace(&mut going.at, at);
                if going.begun {
                    going.by = further(going.by, moved, per_pixel, event.shift_key(), event.alt_key());
                    false
                } else {
                    going.slack += moved;
                    going.begun = going.slack.abs() >= SLACK;
                    going.begun
                }
            };
            if begins {
                *dragged.borrow_mut() = true;
                dragging.set(true);
                let ondrag = ondrag.borrow().clone();
                ondrag.emit(Drag::Begin);
            }
            soon(&going, &tell);
        })
    };
    let onpointerup = {
        let (going, dragging) = (Rc::clone(&going), dragging.setter());
        Callback::from(move |_: PointerEvent| {
            tell();
            going.take();
            dragging.set(false);
        })
    };
    let onlost = Callback::from(move |_: PointerEvent| cancel());
    let onclick = Callback::from(move |event: MouseEvent| {
        if dragged.replace(false) {
            event.prevent_default();
        }
    });
    html! {
        <label class={classes!("field-prefix", "field-scrub", dragging.then_some("field-scrubbing"))} for={props.id.clone()} aria-label={props.label.clone()}
            title={format!("{}: drag to change it. Shift: coarse, Alt: fine, Esc: as it was", props.label)}
            {onpointerdown} {onpointermove} {onpointerup} onpointercancel={onlost} {onclick} data-testid={format!("{}-scrub", props.id)}>
            { props.prefix.clone() }
        </label>
    }
}

/// How far a drag is after so many more pixels. It goes in whole steps of the finest pixel, so that numbers stay
/// short.
fn further(by: f64, pixels: f64, per_pixel: f64, coarse: bool, fine: bool) -> f64 {
    let factor = match (coarse, fine) {
        (true, false) => COARSE,
        (false, true) => FINE,
        _ => 1.0,
    };
    let step = per_pixel * FINE;
    ((by + pixels * per_pixel * factor) / step).round() * step
}

/// Tells where the drag is, now or as soon as it may be told again.
fn soon(going: &Rc<std::cell::RefCell<Option<Going>>>, tell: &Rc<dyn Fn()>) {
    let now = browser::monotonic_ms();
    let wait = match going.borrow().as_ref() {
        Some(going) if going.timer.is_none() && going.by != going.told => {
            (f64::from(EVERY_MS) - (now - going.told_at)).max(0.0)
        }
        _ => return,
    };
    if wait == 0.0 {
        tell();
        return;
    }
    let tell = Rc::clone(tell);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and EVERY_MS")]
    let timer = Timeout::new(wait.ceil() as u32, move || tell());
    if let Some(going) = going.borrow_mut().as_mut() {
        going.timer = Some(timer);
    }
}

/// The pointer belongs to the letter until it is let go, wherever it is.
fn capture(event: &PointerEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(target) = target {
        // Refused for a pointer that is gone already; then no move comes either.
        let _ = target.set_pointer_capture(event.pointer_id());
    }
}

/// Calls `cancel` at Escape, which then means nothing else.
fn on_escape(cancel: Rc<dyn Fn()>) -> EventListener {
    let options = EventListenerOptions {
        phase: gloo_events::EventListenerPhase::Capture,
        ..EventListenerOptions::enable_prevent_default()
    };
    EventListener::new_with_options(&browser::document(), "keydown", options, move |event| {
        if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape") {
            event.prevent_default();
            event.stop_propagation();
            // The listener that this is in goes with the drag: after its own call.
            let cancel = Rc::clone(&cancel);
            Timeout::new(0, move || cancel()).forget();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::further;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web28_a_pixel_goes_further_with_shift_and_less_far_with_alt() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(further(0.0, 10.0, 0.05, false, false), 0.5));
        assert!(close(further(0.0, 10.0, 0.05, true, false), 5.0));
        assert!(close(further(0.0, 10.0, 0.05, false, true), 0.05));
        assert!(close(further(1.0, -10.0, 0.05, false, false), 0.5));
        assert!(close(further(0.0, 10.0, 0.05, true, true), 0.5), "both are neither");
    }

    #[test]
    fn web28_a_drag_there_and_back_ends_where_it_began() {
        let mut by = 0.0;
        for pixels in [7.0, -3.0, 11.0, -15.0] {
            by = further(by, pixels, 0.05, false, false);
        }
        assert_eq!(by, 0.0);
    }
}
