//! The part of a long list that is on screen.

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlElement, KeyboardEvent, ResizeObserver};
use yew::prelude::*;

use super::window::Window;
use crate::browser;

/// Properties of [`VirtualList`].
#[derive(Properties, PartialEq)]
pub struct VirtualListProps {
    /// Unique in the page, for those who give it the focus.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// Rows in all.
    pub count: usize,
    /// Height of a row in CSS pixels where there is a mouse; where there is a finger it is 44 at least. The style
    /// sheet must agree.
    pub row: u32,
    /// Draws a row. The list draws its rows anew whenever it is drawn itself.
    pub render: Callback<usize, Html>,
    /// Changes whenever what the rows show has changed.
    pub revision: u64,
    /// The row that is to be in view; the list scrolls to it when it changes.
    #[prop_or_default]
    pub reveal: Option<usize>,
    /// What that row is of, where rows come and go: the list then scrolls when this changes, and stays where it is
    /// when only the row's place does.
    #[prop_or_default]
    pub revealed: Option<AttrValue>,
    /// The id of the row that has the keyboard's attention, for screen readers.
    #[prop_or_default]
    pub active: Option<AttrValue>,
    /// Called with keys while the list has the focus, and with the number of rows that fit a page.
    #[prop_or_default]
    pub onkey: Callback<(KeyboardEvent, usize)>,
    /// Its role: `tree`, `list`.
    pub role: AttrValue,
    /// Whether several rows can be selected.
    #[prop_or_default]
    pub multiselectable: bool,
    /// What it is called.
    pub label: AttrValue,
    /// Name for browser tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A list of which only the rows on screen are in the document, however many there are. It is one
/// stop of the tab key.
#[component]
pub fn VirtualList(props: &VirtualListProps) -> Html {
    let node = use_node_ref();
    let top = use_state_eq(|| 0.0);
    let view = use_view_height(&node);
    let row = f64::from(row_height(props.row));
    let window = Window { count: props.count, row, view, top: *top };

    let reveal = props.reveal;
    let place = reveal.filter(|_| props.revealed.is_none());
    use_effect_with((place, reveal.is_some(), props.revealed.clone(), view > 0.0), {
        let node = node.clone();
        move |_| {
            if let (Some(index), Some(element)) = (reveal, node.cast::<HtmlElement>()) {
                let now = Window { top: f64::from(element.scroll_top()), ..window };
                let wanted = now.revealing(index);
                #[expect(clippy::cast_possible_truncation, reason = "pixels of a list are far below 2^31")]
                if wanted != now.top {
                    element.set_scroll_top(wanted.round() as i32);
                }
            }
        }
    });

    let onscroll = {
        let (node, top) = (node.clone(), top.setter());
        Callback::from(move |_: Event| {
            if let Some(element) = node.cast::<HtmlElement>() {
                top.set(f64::from(element.scroll_top()));
            }
        })
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and a cast saturates"
    )]
    let page = ((view / row).floor() as usize).max(1);
    let onkeydown = props.onkey.reform(move |event| (event, page));
    let rows = window.rows();
    let offset = rows.start as f64 * row;
    html! {
        <div ref={node} id={props.id.clone()} class="virtual-list" tabindex="0" role={props.role.clone()} aria-label={props.label.clone()}
            aria-multiselectable={props.multiselectable.then_some("true")}
            aria-activedescendant={props.active.clone()} {onscroll} {onkeydown} data-testid={props.testid.clone()}>
            <div class="virtual-space" role="presentation" style={format!("height:{}px", window.height())}>
                <div class="virtual-rows" role="presentation" style={format!("transform:translateY({offset}px)")}>
                    { for rows.map(|index| props.render.emit(index)) }
                </div>
            </div>
        </div>
    }
}

/// The height of a row that a finger hits, in CSS pixels; `--tree-row` of the style sheet where the pointer is coarse.
const FINGER: u32 = 44;

/// The height of a row here: a finger needs more than a mouse.
fn row_height(row: u32) -> u32 {
    if browser::is_coarse() { row.max(FINGER) } else { row }
}

/// The height of an element, as it changes.
#[hook]
fn use_view_height(node: &NodeRef) -> f64 {
    let height = use_state_eq(|| 0.0);
    let setter = height.setter();
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            let element = node.cast::<HtmlElement>();
            let measured = element.clone();
            let measure = move || {
                if let Some(element) = &measured {
                    setter.set(f64::from(element.client_height()));
                }
            };
            // At once: the observer tells only after a picture without rows.
            measure();
            let callback = Closure::<dyn Fn(Array)>::new(move |_| measure());
            let observer = ResizeObserver::new(callback.as_ref().unchecked_ref()).ok();
            if let (Some(observer), Some(element)) = (&observer, &element) {
                observer.observe(element);
            }
            move || {
                if let Some(observer) = observer {
                    observer.disconnect();
                }
                drop(callback);
            }
        }
    });
    *height
}
