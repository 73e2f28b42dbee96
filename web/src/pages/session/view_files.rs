//! What the view shows as files: the scene for other programs, and pictures.

use std::rc::Rc;

use vws_core::reduce::State;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;
use yew::prelude::*;

use super::context::SessionHandle;
use crate::client::SessionClient;
use crate::pages::files::export::save;
use crate::ui::{Glyph, Icon, Toasts, Tone, use_toasts};
use crate::viewport::scene::Scene;

/// Characters of a session's name in the name of a file, as the server takes them.
const NAME_CHARS: usize = 48;

/// A file of what the view shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    /// The objects, as glTF.
    Scene,
    /// The view, so many times as large.
    Picture(f64),
}

const ALL: [What; 3] = [What::Scene, What::Picture(1.0), What::Picture(2.0)];

impl What {
    fn testid(self) -> &'static str {
        match self {
            Self::Scene => "export-glb",
            Self::Picture(times) if times > 1.0 => "export-png-2x",
            Self::Picture(_) => "export-png",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Scene => ".glb",
            Self::Picture(times) if times > 1.0 => "@2x.png",
            Self::Picture(_) => ".png",
        }
    }

    async fn of(self, scene: Rc<Scene>) -> Result<Blob, String> {
        match self {
            Self::Scene => scene.glb().await,
            Self::Picture(times) => scene.picture(times).await,
        }
    }

    /// What it is and how large; `None` where the graphics card does not draw it.
    fn told(self, scene: &Scene) -> Option<(&'static str, String)> {
        match self {
            Self::Scene => {
                Some(("Export the scene as glTF", "All that is shown, for other 3D programs".to_owned()))
            }
            Self::Picture(times) => {
                let [width, height] = scene.picture_size(times)?;
                let label =
                    if times > 1.0 { "Save a picture, twice as large" } else { "Save a picture of the view" };
                Some((label, format!("PNG, {width} × {height} pixels")))
            }
        }
    }
}

/// The entries of the menu, and what tells that the menu opens: sizes are those of that moment.
#[hook]
pub(super) fn use_view_exports(
    session: &SessionHandle,
    close: &(impl Fn() + Clone + 'static),
) -> (Html, Callback<Event>) {
    let toasts = use_toasts();
    let opened = use_state(|| 0_u32);
    let ontoggle = {
        let opened = opened.clone();
        Callback::from(move |_: Event| opened.set(*opened + 1))
    };
    let Some(scene) = session.port.scene() else {
        return (html! { <p class="menu-hint">{ "There is no 3D view here to export." }</p> }, ontoggle);
    };
    let entries = ALL.into_iter().filter_map(|what| {
        let (label, hint) = what.told(&scene)?;
        let (session, toasts, close) = (session.clone(), toasts.clone(), close.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            close();
            export(what, &session, &toasts);
        });
        let icon = if what == What::Scene { Icon::Cube } else { Icon::Camera };
        Some(html! {
            <button type="button" class="menu-item" {onclick} data-testid={what.testid()}>
                <Glyph {icon} /><span>{ label }<span class="menu-hint">{ hint }</span></span>
            </button>
        })
    });
    (entries.collect(), ontoggle)
}

/// Saves a file of what the view shows.
pub(super) fn export(what: What, session: &SessionHandle, toasts: &Toasts) {
    let Some(scene) = session.port.scene() else { return };
    let (name, toasts) = (file_name(&session.client, what), toasts.clone());
    spawn_local(async move {
        match what.of(scene).await {
            Ok(content) => {
                save(&name, &content);
                toasts.say(Tone::Good, format!("Exported as {name}, {}.", size(content.size())));
            }
            Err(why) => toasts.say(Tone::Bad, format!("Not exported: {why}.")),
        }
    });
}

/// What to call the file: as the server calls a session's.
fn file_name(client: &SessionClient, what: What) -> String {
    let (name, seq) =
        client.view(|view, _| (view.name().map(ToString::to_string), view.seq())).unwrap_or_default();
    format!("{}-{seq}{}", plain(name.as_deref().unwrap_or_default()), what.ending())
}

/// A name as far as every file system takes it.
fn plain(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let plain: String = plain.take(NAME_CHARS).collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "session".to_owned() } else { plain.to_owned() }
}

/// A size in words: `312 kB`, `4.1 MB`.
fn size(bytes: f64) -> String {
    if bytes < 1e6 { format!("{:.0} kB", (bytes / 1e3).max(1.0)) } else { format!("{:.1} MB", bytes / 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web59_files_of_the_view_are_called_as_the_server_calls_a_sessions() {
        assert_eq!(plain("a stage"), "a-stage");
        assert_eq!(plain("Bühne / 1"), "B-hne---1");
        assert_eq!(plain("名"), "session");
        assert_eq!(plain(&"x".repeat(60)).len(), NAME_CHARS);
    }

    #[test]
    fn web59_sizes_are_told_in_round_numbers() {
        assert_eq!([size(1.0), size(999_499.0), size(4_130_000.0)], ["1 kB", "999 kB", "4.1 MB"]);
    }
}
