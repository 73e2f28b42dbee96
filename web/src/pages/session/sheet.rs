//! A panel on a narrow page: a sheet that comes up over the world, and that a finger pulls up, down or away.
//! On a wide one it is not there, and what is in it stands beside the world.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent};
use yew::prelude::*;

use crate::browser;

/// A press that moves further than this, in CSS pixels, is a pull; less is a tap on what is there.
const SLOP: f64 = 6.0;
/// A pull that ends faster than this, in CSS pixels a millisecond, is a flick, however short.
const FLICK: f64 = 0.5;
/// What a sheet is pulled by.
const HANDLES: &str = ".sheet-grip, .panel-head, .tabs";

/// How high a sheet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Height {
    Closed,
    /// The world shows above it.
    Half,
    /// Over the whole world.
    Full,
}

/// Where a sheet comes to rest that is let go after a pull `by` pixels down, or up where that is below 0.
fn rest(from: Height, by: f64, height: f64, speed: f64) -> Height {
    let part = by / height.max(1.0);
    match from {
        Height::Full if part > 0.5 => Height::Closed,
        Height::Full if part > 0.15 || speed > FLICK => Height::Half,
        Height::Half if part > 0.25 || speed > FLICK => Height::Closed,
        Height::Half if part < -0.1 || speed < -FLICK => Height::Full,
        stays => stays,
    }
}

/// A pull that is under way.
#[derive(Debug, Clone, Copy)]
struct Pull {
    pointer: i32,
    from: f64,
    began: f64,
    /// Whether it has moved far enough to be one.
    engaged: bool,
}

/// Properties of [`Sheet`].
#[derive(Properties, PartialEq)]
pub(super) struct SheetProps {
    /// Called when it is pulled away.
    pub(super) onclose: Callback<()>,
    /// The panel.
    pub(super) children: Html,
}

/// A panel that can be pulled. Buttons open and close it too: nothing needs a pull.
#[component]
pub(super) fn Sheet(props: &SheetProps) -> Html {
    let node = use_node_ref();
    let height = use_state_eq(|| Height::Half);
    let pull = use_mut_ref(|| None::<Pull>);

    let onpointerdown = {
        let pull = pull.clone();
        Callback::from(move |event: PointerEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let is_handle = target.is_some_and(|target| target.closest(HANDLES).ok().flatten().is_some());
            let begun = Pull {
                pointer: event.pointer_id(),
                from: f64::from(event.client_y()),
                began: browser::monotonic_ms(),
                engaged: false,
            };
            pull.replace((is_handle && event.is_primary() && super::is_narrow()).then_some(begun));
        })
    };
    let onpointermove = {
        let (pull, node) = (pull.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            let mut pull = pull.borrow_mut();
            let Some(pull) = pull.as_mut().filter(|pull| pull.pointer == event.pointer_id()) else { return };
            let by = f64::from(event.client_y()) - pull.from;
            let Some(sheet) = node.cast::<HtmlElement>() else { return };
            if !pull.engaged && by.abs() > SLOP {
                pull.engaged = true;
                // From here on the finger is the sheet's; what it began on gets no click.
                let _ = sheet.set_pointer_capture(pull.pointer);
            }
            if pull.engaged {
                // A length in pixels is always taken.
                let _ = sheet.style().set_property("--pull", &format!("{by}px"));
            }
        })
    };
    let onpointerup = {
        let (pull, node, height, onclose) =
            (pull.clone(), node.clone(), height.clone(), props.onclose.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(pull) = pull.take().filter(|pull| pull.engaged) else { return };
            let Some(sheet) = node.cast::<HtmlElement>() else { return };
            let _ = sheet.style().remove_property("--pull");
            let by = f64::from(event.client_y()) - pull.from;
            let speed = by / (browser::monotonic_ms() - pull.began).max(1.0);
            match rest(*height, by, f64::from(sheet.offset_height()), speed) {
                Height::Closed => onclose.emit(()),
                other => height.set(other),
            }
        })
    };
    let onpointercancel = {
        let node = node.clone();
        Callback::from(move |_: PointerEvent| {
            pull.take();
            if let Some(sheet) = node.cast::<HtmlElement>() {
                let _ = sheet.style().remove_property("--pull");
            }
        })
    };
    html! {
        <div ref={node} class={classes!("sheet", (*height == Height::Full).then_some("sheet-full"))}
            {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} data-testid="sheet">
            <div class="sheet-grip" aria-hidden="true" data-testid="sheet-grip"></div>
            { props.children.clone() }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web63_a_sheet_rests_where_it_is_pulled_to() {
        let slow = |from, by| rest(from, by, 400.0, 0.1 * f64::signum(by));
        assert_eq!(slow(Height::Half, 20.0), Height::Half, "a little is nothing");
        assert_eq!(slow(Height::Half, 120.0), Height::Closed);
        assert_eq!(slow(Height::Half, -60.0), Height::Full);
        assert_eq!(slow(Height::Full, 100.0), Height::Half);
        assert_eq!(slow(Height::Full, 300.0), Height::Closed);
        assert_eq!(slow(Height::Full, -50.0), Height::Full);
        assert_eq!(rest(Height::Half, 20.0, 400.0, 0.8), Height::Closed, "a flick is enough");
        assert_eq!(rest(Height::Full, 20.0, 400.0, 0.8), Height::Half);
    }
}
