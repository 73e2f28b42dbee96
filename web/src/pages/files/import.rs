//! A file becomes a session: checked first, its report read, then made and opened.

use std::rc::Rc;

use vws_core::transfer::Format;
use web_sys::File;
use yew::prelude::*;

use crate::api::ApiError;
use crate::api::files::{ImportReport, Progress, Transfer, check_file, format_of, import_file};
use crate::client::progress::grouped;
use crate::route::{Route, navigate};
use crate::ui::dialog::Dialog;
use crate::ui::{Button, Glyph, Icon, Kind};

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// The server reads it, and makes nothing.
    Checking(Progress),
    /// The server has read it.
    Told(Format, ImportReport),
    /// The server makes a session of it.
    Importing(Progress),
    /// It could not be sent or was refused as a whole, and whether trying again may help.
    Failed(String),
}

/// Properties of [`Import`].
#[derive(Properties, PartialEq)]
pub(in crate::pages) struct ImportProps {
    /// The file.
    pub(in crate::pages) file: File,
    /// Called when it is done with.
    pub(in crate::pages) onclose: Callback<()>,
}

/// Checks a file, tells what is in it or wrong with it, and imports it.
#[component]
pub(in crate::pages) fn Import(props: &ImportProps) -> Html {
    let stage = use_state(|| Stage::Checking(Progress::default()));
    // Dropping it ends it: it goes with the dialog.
    let transfer = use_mut_ref(|| None::<Transfer>);
    let tries = use_state(|| 0_u32);
    use_effect_with((props.file.clone(), *tries), {
        let (stage, transfer) = (stage.setter(), Rc::clone(&transfer));
        move |(file, _): &(File, u32)| {
            let is_wanted = Rc::new(std::cell::Cell::new(true));
            let (file, wanted, slot) = (file.clone(), Rc::clone(&is_wanted), Rc::clone(&transfer));
            stage.set(Stage::Checking(Progress::default()));
            wasm_bindgen_futures::spawn_local(async move {
                let format = format_of(&file).await;
                if !wanted.get() {
                    return;
                }
                let (progress, ended) = (stage.clone(), stage.clone());
                let begun = check_file(
                    &file,
                    format,
                    move |at| progress.set(Stage::Checking(at)),
                    move |report| {
                        ended.set(report.map_or_else(failed, |report| Stage::Told(format, report)));
                    },
                );
                match begun {
                    Ok(begun) => drop(slot.replace(Some(begun))),
                    Err(error) => stage.set(failed(error)),
                }
            });
            move || {
                is_wanted.set(false);
                transfer.replace(None);
            }
        }
    });
    let onimport = {
        let (stage, file, onclose) = (stage.clone(), props.file.clone(), props.onclose.clone());
        Callback::from(move |_: MouseEvent| {
            let Stage::Told(format, _) = &*stage else { return };
            let (progress, ended, onclose) = (stage.setter(), stage.setter(), onclose.clone());
            let begun = import_file(
                &file,
                *format,
                move |at| progress.set(Stage::Importing(at)),
                move |made| match made {
                    Ok(info) => {
                        onclose.emit(());
                        navigate(Route::Session(info.session_id));
                    }
                    Err(error) => ended.set(failed(error)),
                },
            );
            match begun {
                Ok(begun) => {
                    stage.set(Stage::Importing(Progress::default()));
                    transfer.replace(Some(begun));
                }
                Err(error) => stage.set(failed(error)),
            }
        })
    };
    let onretry = {
        let tries = tries.clone();
        Callback::from(move |_: MouseEvent| tries.set(*tries + 1))
    };
    let cancel = props.onclose.reform(|_: MouseEvent| ());
    let (body, action) = match &*stage {
        Stage::Checking(at) => (under_way("The server checks the file", at), html! {}),
        Stage::Importing(at) => (under_way("The server makes a session of it", at), html! {}),
        Stage::Failed(why) => (
            html! { <p class="report-bad" role="alert" data-testid="import-failed"><Glyph icon={Icon::Alert} /><span>{ why }</span></p> },
            html! { <Button label="Try again" icon={Icon::Refresh} kind={Kind::Primary} onclick={onretry} /> },
        ),
        Stage::Told(format, told) if told.valid => (
            fine(*format, told),
            html! { <Button label="Import and open" kind={Kind::Primary} onclick={onimport} testid="import-now" /> },
        ),
        Stage::Told(_, told) => (wrong(told), html! {}),
    };
    let is_over = matches!(&*stage, Stage::Told(_, told) if !told.valid);
    html! {
        <Dialog title={format!("Import {}", props.file.name())} onclose={props.onclose.clone()} testid="import">
            { body }
            <div class="dialog-actions">
                <Button label={if is_over { "Close" } else { "Cancel" }} onclick={cancel} testid="import-cancel" />
                { action }
            </div>
        </Dialog>
    }
}

fn failed(error: ApiError) -> Stage {
    Stage::Failed(error.words())
}

fn under_way(label: &'static str, at: &Progress) -> Html {
    // What is sent is not yet read: the end of the sending is not the end.
    let sent = at.of.is_some_and(|of| at.done >= of);
    let value = at.of.filter(|of| *of > 0.0 && !sent).map(|of| (at.done / of).to_string());
    html! {
        <div class="report-progress" data-testid="import-progress">
            <progress max="1" {value} aria-label={label}></progress>
            <p>{ label }{ " · " }<span class="numbers">{ at.words() }</span></p>
        </div>
    }
}

/// What is in a file that nothing is wrong with.
fn fine(format: Format, report: &ImportReport) -> Html {
    let objects = report.session.as_ref().map(|info| info.object_count).unwrap_or_default();
    let name = report.session.as_ref().and_then(|info| info.name.as_ref()).map(ToString::to_string);
    let seq = report.session.as_ref().map(|info| info.seq).unwrap_or_default();
    let kind = match format {
        Format::State => "A state: the session begins as it was, without its past.".to_owned(),
        Format::Log => {
            format!("A log: the session has its past, {} events.", grouped(report.events.unwrap_or_default()))
        }
    };
    html! {
        <div data-testid="import-fine">
            <p class="report-good"><Glyph icon={Icon::Check} /><span>{ "Nothing is wrong with this file." }</span></p>
            <dl class="facts report-facts">
                <dt>{ "Name" }</dt><dd>{ name.unwrap_or_else(|| "none".to_owned()) }</dd>
                <dt>{ "Objects" }</dt><dd class="numbers">{ grouped(objects) }</dd>
                <dt>{ "Seq" }</dt><dd class="numbers">{ grouped(seq) }</dd>
            </dl>
            <p class="dialog-text">{ kind }</p>
        </div>
    }
}

/// What is wrong with a file, line by line.
fn wrong(report: &ImportReport) -> Html {
    let count = report.errors.len() as u64 + report.more;
    html! {
        <div data-testid="import-wrong">
            <p class="report-bad" role="alert">
                <Glyph icon={Icon::Alert} />
                <span>{ if count == 1 { "One thing is wrong with this file, and no session was made of it.".to_owned() } else {
                    format!("{} things are wrong with this file, and no session was made of it.", grouped(count))
                } }</span>
            </p>
            <ol class="report-list" tabindex="0" aria-label="What is wrong">
                { for report.errors.iter().map(|fault| html! {
                    <li data-testid="import-fault" data-code={fault.code.clone()}>
                        <span class="report-place numbers">
                            { fault.line.map(|line| format!("line {}", grouped(line))) }
                            if !fault.pointer.is_empty() { <span class="report-pointer">{ fault.pointer.clone() }</span> }
                        </span>
                        <span>{ fault.detail.clone() }</span>
                    </li>
                }) }
            </ol>
            if report.more > 0 { <p class="hint">{ format!("and {} more", grouped(report.more)) }</p> }
        </div>
    }
}
