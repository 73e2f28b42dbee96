//! Widgets and pages in a real browser. What needs none is tested beside its code, and runs in both.
#![cfg(target_arch = "wasm32")]

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use support::{find, key, mount, settle, type_into};
use vws_core::Command;
use vws_core::limits::ModelLimits;
use vws_core::{Session, SessionId};
use vws_web::app::App;
use vws_web::form::create::CreateForm;
use vws_web::form::object::{Axis, ObjectField};
use vws_web::list::VirtualList;
use vws_web::theme::Choice;
use vws_web::ui::{LiveField, Shape, Tone, toast, use_toasts};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;
use yew::prelude::*;

wasm_bindgen_test_configure!(run_in_browser);

fn session() -> Session {
    let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
    let mut session = Session::new(id, None, 0, 0);
    let limits = ModelLimits::default();
    let form = CreateForm { name: "a".to_owned(), ..CreateForm::default() };
    let command = form.command(&session, &limits).expect("a valid form");
    let context = vws_core::Context { at: 0, limits: &limits, expect_version: None };
    for event in vws_core::decide(&session, &command, &context).expect("it was judged") {
        vws_core::apply(&mut session, &event, 1, 0);
    }
    session
}

#[wasm_bindgen_test]
async fn the_page_shows_the_products_name_and_how_to_begin() {
    let root = mount::<App>(());
    settle().await;
    assert!(find::<HtmlElement>(&root, ".brand-name").text_content().is_some_and(|text| text == "VWS"));
    assert!(root.query_selector("[data-testid=create-session]").ok().flatten().is_some());
}

#[wasm_bindgen_test]
async fn a_chosen_theme_is_put_where_the_style_sheet_sees_it() {
    let root = mount::<App>(());
    settle().await;
    let theme = || {
        let root = vws_web::browser::document().document_element().expect("a document has a root");
        root.get_attribute("data-theme")
    };
    let toggle: HtmlElement = find(&root, "[data-testid=theme]");
    let first = Choice::from_stored(theme().as_deref());
    let dark = vws_web::browser::window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let next = first.next(dark.is_some_and(|query| query.matches()));
    toggle.click();
    settle().await;
    assert_eq!(theme().as_deref(), Some(next.as_str()));
    let stored = vws_web::browser::local_storage().and_then(|s| s.get_item("vws.theme").ok().flatten());
    assert_eq!(stored.as_deref(), Some(next.as_str()), "the next visit finds it");
}

#[derive(Properties, PartialEq)]
struct LongProps {
    reveal: Option<usize>,
}

#[component]
fn Long(props: &LongProps) -> Html {
    let render = Callback::from(
        |index: usize| html! { <div class="r" style="height:20px" key={index}>{ index }</div> },
    );
    html! {
        <div style="height:200px;display:flex">
            <VirtualList count={10_000_usize} row=20 {render} revision=0 role="list" label="Many" reveal={props.reveal} />
        </div>
    }
}

#[wasm_bindgen_test]
async fn of_ten_thousand_rows_only_those_on_screen_are_in_the_document() {
    let root = mount::<Long>(LongProps { reveal: None });
    settle().await;
    let rows = || root.query_selector_all(".r").expect("a valid selector").length();
    assert!((10..40).contains(&rows()), "{} rows", rows());
    let list: HtmlElement = find(&root, ".virtual-list");
    list.set_attribute("style", "height:200px;overflow:auto;flex:1").expect("an element takes a style");
    list.set_scroll_top(100_000);
    settle().await;
    let text = root.text_content().unwrap_or_default();
    assert!(text.contains("5000") && text.contains("5009"), "{text}");
    assert!((10..40).contains(&rows()), "{} rows", rows());
}

thread_local! {
    static COMMITTED: RefCell<Vec<Command>> = RefCell::default();
}

#[component]
fn Position() -> Html {
    let session = use_memo((), |()| session());
    let check = {
        let session = Rc::clone(&session);
        Callback::from(move |text: String| {
            ObjectField::Position(Axis::X).command(&*session, "a", &text, &ModelLimits::default())
        })
    };
    let commit = Callback::from(|command| COMMITTED.with_borrow_mut(|list| list.push(command)));
    html! { <LiveField id="x" label="X" shown="0" shape={Shape::Number(0.5)} {check} {commit} /> }
}

#[wasm_bindgen_test]
async fn a_refused_value_is_told_at_its_field_and_never_sent() {
    let root = mount::<Position>(());
    settle().await;
    type_into(&root, "#x", "13");
    settle().await;
    let refusal: HtmlElement = find(&root, "#x-refusal");
    assert_eq!(refusal.text_content().as_deref(), Some("x = 13 is outside [-12, 12]"));
    assert_eq!(refusal.get_attribute("data-code").as_deref(), Some("coordinate_out_of_bounds"));
    key(&root, "#x", "Enter");
    settle().await;
    assert!(COMMITTED.take().is_empty(), "an invalid field sends nothing");

    type_into(&root, "#x", "12");
    key_after_settling(&root, "Enter").await;
    let sent = COMMITTED.take();
    assert!(matches!(&sent[..], [Command::UpdateObject { name, .. }] if name == "a"), "{sent:?}");
    assert!(root.query_selector("#x-refusal").ok().flatten().is_none());
}

async fn key_after_settling(root: &HtmlElement, name: &str) {
    settle().await;
    key(root, "#x", name);
    settle().await;
}

#[wasm_bindgen_test]
async fn escape_gives_up_what_was_typed_and_arrows_step() {
    let root = mount::<Position>(());
    settle().await;
    type_into(&root, "#x", "99");
    key_after_settling(&root, "Escape").await;
    let input: web_sys::HtmlInputElement = find(&root, "#x");
    assert_eq!(input.value(), "0");
    key_after_settling(&root, "ArrowUp").await;
    let sent = serde_json::to_string(&COMMITTED.take()).expect("commands have a JSON");
    assert!(sent.contains(r#""x":0.5"#), "{sent}");
}

#[component]
fn Speaker() -> Html {
    let toasts = use_toasts();
    let say = move |_| toasts.say(Tone::Bad, "<b>x = 13</b>");
    html! { <button class="say" onclick={say}></button> }
}

#[component]
fn Messages() -> Html {
    html! { <toast::Provider><Speaker /></toast::Provider> }
}

#[wasm_bindgen_test]
async fn text_of_users_is_text_and_never_markup() {
    let root = mount::<Messages>(());
    settle().await;
    find::<HtmlElement>(&root, ".say").click();
    settle().await;
    assert_eq!(find::<HtmlElement>(&root, ".toast-text").inner_html(), "&lt;b&gt;x = 13&lt;/b&gt;");
}
