//! Objects on the clipboard: as text, so that they travel between sessions, windows and programs.

use serde::{Deserialize, Serialize};
use vws_core::command::ObjectDraft;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{Desk, edit};
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
    objects: Vec<ObjectDraft>,
}

/// The selected objects as text, the primary one last.
fn text_of(desk: &Desk) -> String {
    let client = desk.client();
    let names = client.selection();
    let objects = names.iter().filter_map(|name| client.object(name.as_str()));
    let objects = objects.map(|object| ObjectDraft::from(&*object)).collect();
    let clip = Clip { format: FORMAT.to_owned(), version: VERSION, objects };
    serde_json::to_string_pretty(&clip).expect("numbers and strings have a JSON")
}

/// The objects that a text says. Whether they are valid is for core to say when they are added.
///
/// # Errors
/// In words for the user, what the text is instead.
pub(super) fn read(text: &str) -> Result<Vec<ObjectDraft>, String> {
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
    if clip.objects.is_empty() { Err("the clipboard holds no objects".to_owned()) } else { Ok(clip.objects) }
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
            Ok(drafts) => {
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
    fn web23_objects_are_read_back() {
        let text = r#"{"format":"vws.objects","version":1,"objects":[{"name":"a","type":"cube","x":1,"y":2,"z":3}]}"#;
        let drafts = read(text).expect("objects");
        assert_eq!((drafts.len(), drafts[0].name.as_str(), drafts[0].x), (1, "a", 1.0));
    }
}
