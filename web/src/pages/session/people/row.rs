//! Somebody in the list of people.

use vws_core::model::Color;
use vws_core::replica::Replica;
use vws_core::wire::Peer;
use vws_core::{ClientId, DisplayName, ObjectName};
use yew::prelude::*;

use super::badge;
use crate::person;
use crate::ui::{Icon, IconButton};
use crate::viewport::company::Ties;

/// What can be done with somebody in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Look from where they look, once.
    Look,
    /// Go along with their view, or no longer.
    Follow,
    /// Select what they have selected.
    Select(Vec<ObjectName>),
}

/// Somebody, as the list tells of them: a row that tells the same is not drawn anew.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    id: ClientId,
    name: Option<DisplayName>,
    called: String,
    color: Color,
    away: bool,
    /// What stands below the name.
    state: Option<String>,
    selected: Vec<ObjectName>,
    /// Whether they show where they look from, and there is a view to look from there.
    look: bool,
    /// Whether the person here goes along with them.
    followed: bool,
    /// Why they cannot be followed.
    unfit: Option<String>,
}

impl Told {
    /// What is told of `peer` where there is a 3D view, or none.
    pub(super) fn of(
        replica: &Replica,
        ties: &Ties<'_>,
        peer: &Peer,
        follows: Option<&ClientId>,
        view: bool,
    ) -> Self {
        let shown = &peer.presence;
        let leader = shown.follows.as_ref().and_then(|leader| {
            if replica.client_id() == leader {
                return Some("you".to_owned());
            }
            replica.peers().find(|peer| peer.client_id == *leader).map(person::called)
        });
        Self {
            id: peer.client_id.clone(),
            name: peer.name.clone(),
            called: person::called(peer),
            color: person::color_of(peer),
            away: shown.away,
            state: if shown.away {
                Some("away".to_owned())
            } else {
                leader.map(|leader| format!("follows {leader}"))
            },
            selected: shown.selection.clone(),
            look: view && shown.camera.is_some(),
            followed: follows == Some(&peer.client_id),
            unfit: if view { ties.unfit(peer) } else { Some("there is no 3D view here".to_owned()) },
        }
    }

    /// What a list keeps the row by.
    pub(super) fn key(&self) -> String {
        self.id.to_string()
    }
}

/// Properties of [`Row`].
#[derive(Properties, PartialEq)]
pub(super) struct RowProps {
    pub(super) told: Told,
    /// Called with what is to be done with them.
    pub(super) ondeed: Callback<(ClientId, Deed)>,
}

/// A row of the list.
#[component]
pub(super) fn Row(props: &RowProps) -> Html {
    let Told { id, name, called, color, away, state, selected, look, followed, unfit } = props.told.clone();
    let deed = |deed: Deed| {
        let id = id.clone();
        props.ondeed.reform(move |_: MouseEvent| (id.clone(), deed.clone()))
    };
    let follow = match &unfit {
        _ if followed => format!("Stop following {called}"),
        Some(why) => format!("Follow {called}: {why}"),
        None => format!("Follow {called}"),
    };
    let class = classes!("people-row", away.then_some("people-away"), followed.then_some("people-followed"));
    html! {
        <li {class} data-testid="peer" data-color={color.to_string()} style={format!("--who:{color}")}>
            { badge(name.as_ref(), color, Some(called.clone())) }
            <span class="people-who">
                <span class="people-name" data-testid="peer-name">{ called.clone() }</span>
                if let Some(state) = state { <span class="people-state" data-testid="peer-state">{ state }</span> }
            </span>
            if let Some(first) = selected.first() {
                <button type="button" class="people-selected" title={if selected.len() > 1 { "Select them too" } else { "Select it too" }}
                    onclick={deed(Deed::Select(selected.clone()))} data-testid="peer-selected">
                    <span class="people-first">{ first.to_string() }</span>
                    if selected.len() > 1 { <span>{ format!(" +{}", selected.len() - 1) }</span> }
                </button>
            }
            <span class="people-actions">
                <IconButton icon={Icon::Focus} label={format!("Look from where {called} looks")} disabled={!look}
                    onclick={deed(Deed::Look)} testid="peer-look" />
                <button type="button" class="button button-plain people-follow" aria-label={follow.clone()} title={follow}
                    disabled={unfit.is_some() && !followed} onclick={deed(Deed::Follow)} data-testid="peer-follow">
                    { if followed { "Stop" } else { "Follow" } }
                </button>
            </span>
        </li>
    }
}
