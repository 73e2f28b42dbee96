//! Objects on the clipboard: as text, so that they travel between sessions, windows and programs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vws_core::SessionId;
use vws_core::command::ObjectDraft;
use vws_core::model::{ObjectType, Scalar};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{Desk, edit};
use crate::api::assets::{self, asset_of};
use crate::browser;

/// What the text on the clipboard says of itself.
const FORMAT: &str = "vws.objects";
const VERSION: u32 = 1;

/// Objects as text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clip {
    format: String,
    version: u32,
    /// Where the models are that the objects show, if any does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    models_in: Option<SessionId>,
    objects: Vec<ObjectDraft>,
}

/// The assets that objects show, each once.
fn assets_of(objects: &[ObjectDraft]) -> BTreeSet<&str> {
    let shown = objects.iter().filter(|object| object.kind == ObjectType::Model.as_str());
    let urls = shown.filter_map(|object| match object.properties.as_ref()?.get("url")? {
        Scalar::String(url) => asset_of(url),
        _ => None,
    });
    urls.collect()
}

/// The selected objects as text, the primary one last.
fn text_of(desk: &Desk) -> String {
    let client = desk.client();
    let names = client.selection();
    let objects = names.iter().filter_map(|name| client.object(name.as_str()));
    let objects: Vec<_> = objects.map(|object| ObjectDraft::from(&*object)).collect();
    let models_in = (!assets_of(&objects).is_empty()).then(|| client.id());
    let clip = Clip { format: FORMAT.to_owned(), version: VERSION, models_in, objects };
    serde_json::to_string_pretty(&clip).expect("numbers and strings have a JSON")
}

/// The objects that a text says, and the session that has their models. Whether they are valid is for core to say
/// when they are added.
///
/// # Errors
/// In words for the user, what the text is instead.
fn read(text: &str) -> Result<(Vec<ObjectDraft>, Option<SessionId>), String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|_| "the clipboard holds no objects".to_owned())?;
    if value.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
        return Err("the clipboard holds no objects".to_owned());
    }
    if let Some(version) = value.get("version").filter(|version| **version != VERSION) {
        return Err(format!(
            "the clipboard holds objects of version {version}, and this page reads {VERSION}"
        ));
    }
    let clip: Clip = serde_json::from_value(value)
        .map_err(|error| format!("the objects on the clipboard cannot be read: {error}"))?;
    if clip.objects.is_empty() {
        return Err("the clipboard holds no objects".to_owned());
    }
    Ok((clip.objects, clip.models_in))
}

/// Has this session have the models that are to be shown in it, and says which it could not get.
async fn bring_models(desk: &Desk, drafts: &[ObjectDraft], from: Option<SessionId>) {
    let here = desk.client().id();
    for asset in assets_of(drafts) {
        let brought = match (assets::has(here, asset).await, from) {
            (Ok(true), _) => continue,
            (Err(error), _) => Err(error.words()),
            (Ok(false), Some(from)) if from != here => {
                assets::copy(from, here, asset).await.map_err(|error| error.words())
            }
            (Ok(false), _) => Err("it is not told which session has it".to_owned()),
        };
        if let Err(why) = brought {
            let shows = |draft: &&ObjectDraft| assets_of(std::slice::from_ref(draft)).contains(asset);
            let names: Vec<_> = drafts.iter().filter(shows).map(|draft| draft.name.as_str()).collect();
            desk.refuse(format!("The model of {} is missing here: {why}.", names.join(", ")));
        }
    }
}

fn several(count: usize) -> String {
    if count == 1 {
        "1 object".to_owned()
    } else {
        format!("{} objects", crate::client::progress::grouped(count as u64))
    }
}

/// Puts the selected objects on the clipboard.
pub(super) fn copy(desk: &Desk) {
    put(desk, |_| {});
}

/// The same, and deletes them once they are there.
pub(super) fn cut(desk: &Desk) {
    put(desk, edit::delete);
}

fn put(desk: &Desk, then: fn(&Desk)) {
    let (desk, text, count) = (desk.clone(), text_of(desk), desk.client().selected_count());
    spawn_local(async move {
        if browser::copy(&text).await {
            desk.say(format!("{} on the clipboard.", several(count)));
            then(&desk);
        } else {
            desk.refuse("The browser does not let this page use the clipboard. Nothing was copied.");
        }
    });
}

/// Adds the objects of the clipboard, all or none, and selects them.
pub(super) fn paste(desk: &Desk) {
    let desk = desk.clone();
    spawn_local(async move {
        let clipboard = browser::window().navigator().clipboard();
        let text = if browser::has_clipboard() {
            JsFuture::from(clipboard.read_text()).await.ok().and_then(|text| text.as_string())
        } else {
            None
        };
        let Some(text) = text else {
            desk.refuse("The browser does not let this page read the clipboard. Nothing was pasted.");
            return;
        };
        match read(&text) {
            Ok((drafts, models_in)) => {
                // First, so that everybody sees the models from the beginning.
                bring_models(&desk, &drafts, models_in).await;
                // In another session a copy may stand where it stood; here it would hide what it is a copy of.
                let taken = drafts.iter().any(|draft| desk.client().object(&draft.name).is_some());
                let added = edit::add(&desk, drafts, if taken { edit::OFFSET } else { 0.0 });
                if added > 0 {
                    desk.say(format!("{} pasted.", several(added)));
                }
            }
            Err(why) => desk.refuse(format!("Not pasted: {why}.")),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web23_a_text_that_is_no_objects_says_what_it_is() {
        for text in ["", "hello", "[]", "{}", r#"{"format":"vws.objects","version":1,"objects":[]}"#] {
            assert_eq!(read(text).expect_err("no objects"), "the clipboard holds no objects", "{text}");
        }
        let newer = r#"{"format":"vws.objects","version":2,"objects":[]}"#;
        assert_eq!(
            read(newer).expect_err("newer"),
            "the clipboard holds objects of version 2, and this page reads 1"
        );
        let odd = r#"{"format":"vws.objects","version":1,"objects":[{"name":"a","typ":"cube"}]}"#;
        assert!(read(odd).expect_err("odd").starts_with("the objects on the clipboard cannot be read: "));
    }

    #[test]
    fn web70_the_models_of_objects_are_known() {
        let id = "ab".repeat(32);
        let object = |name: &str, kind: &str, url: &str| {
            format!(r#"{{"name":"{name}","type":"{kind}","x":1,"y":2,"z":3,"properties":{{"url":"{url}"}}}}"#)
        };
        let asset = format!("asset:{id}");
        let objects =
            [object("a", "model", &asset), object("b", "model", &asset), object("c", "cube", "asset:1")]
                .join(",");
        let from = "0197a2b4-0000-7000-8000-000000000001";
        let text =
            format!(r#"{{"format":"vws.objects","version":1,"models_in":"{from}","objects":[{objects}]}}"#);
        let (drafts, models_in) = read(&text).expect("objects");
        assert_eq!(models_in.map(|id| id.to_string()).as_deref(), Some(from));
        assert_eq!(assets_of(&drafts), BTreeSet::from([id.as_str()]));
    }

    #[test]
    fn web23_objects_are_read_back() {
        let text = r#"{"format":"vws.objects","version":1,"objects":[{"name":"a","type":"cube","x":1,"y":2,"z":3}]}"#;
        let (drafts, models_in) = read(text).expect("objects");
        assert_eq!(models_in, None);
        assert_eq!((drafts.len(), drafts[0].name.as_str(), drafts[0].x), (1, "a", 1.0));
    }
}
