//! A file for the form of a new object of type model.

use web_sys::File;
use yew::prelude::*;

use super::{name_of, use_uploads};
use crate::api::assets::{self, Asset};
use crate::pages::files::use_file_input;
use crate::ui::{Button, Icon};

/// What was chosen: what to call the object, and the address of its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages::session) struct Chosen {
    /// As the file, as far as a name may be.
    pub(in crate::pages::session) name: String,
    /// For the property `url`.
    pub(in crate::pages::session) url: String,
}

/// Properties of [`ChooseModel`].
#[derive(Properties, PartialEq)]
pub(in crate::pages::session) struct ChooseModelProps {
    /// Called once the session has the file.
    pub(in crate::pages::session) onchosen: Callback<Chosen>,
}

/// A button that asks for a model, and sends it.
#[component]
pub(in crate::pages::session) fn ChooseModel(props: &ChooseModelProps) -> Html {
    let uploads = use_uploads();
    let onfile = {
        let (onchosen, uploads) = (props.onchosen.clone(), uploads.clone());
        Callback::from(move |file: File| {
            let name = name_of(&file.name());
            let chosen =
                move |asset: Asset| Chosen { name: name.clone(), url: assets::address_of(&asset.asset) };
            uploads.begin(file, onchosen.reform(chosen));
        })
    };
    let (node, onclick, onchange) = use_file_input(onfile);
    html! {
        <div class="choose-model">
            <Button label="Choose a file…" icon={Icon::Upload} {onclick} testid="choose-model" />
            <input ref={node} type="file" hidden=true accept={assets::ENDINGS} {onchange} aria-label="Model" data-testid="model-file" />
            <p class="hint">{ "A .glb, or a .gltf with all that belongs to it inside. Or drop one on the world." }</p>
            { uploads.shown.clone() }
        </div>
    }
}
