//! Deleting, duplicating, selecting.

use std::collections::BTreeSet;

use vws_core::command::ObjectDraft;
use vws_core::reduce::State;
use vws_core::{Command, ObjectName};

use super::Desk;
use crate::form::create::{free_name, stem};
pub(super) use crate::form::together;

/// How far a copy stands from what it is a copy of, in world units.
pub(super) const OFFSET: f64 = 0.5;
const BOUND: f64 = 12.0;
/// Why nothing can be changed in a moment of the past.
pub(super) const PAST: &str = "the page shows the past";

/// Why nothing can be changed by who may only look.
pub(super) const LOOKS_ONLY: &str = "your link lets you look, and not change anything";

/// Why nothing of the selection can be changed now.
pub(super) fn unfit(desk: &Desk) -> Option<&'static str> {
    unfit_at_all(desk).or_else(|| (desk.client().selected_count() == 0).then_some("nothing is selected"))
}

/// Why nothing can be changed now.
pub(super) fn unfit_at_all(desk: &Desk) -> Option<&'static str> {
    let client = desk.client();
    if client.past_seq().is_some() {
        return Some(PAST);
    }
    if client.looks_only() {
        return Some(LOOKS_ONLY);
    }
    client.view(|_, _| ()).is_none().then_some("the session is not loaded yet")
}

/// Deletes what is selected, and selects what came after it in the list.
pub(super) fn delete(desk: &Desk) {
    let client = desk.client();
    let names = client.selection();
    let next = client.rows(|rows| {
        let last = names.iter().filter_map(|name| rows.position(name)).max()?;
        let stays = |name: &&ObjectName| !names.contains(name);
        let after = rows.names()[last..].iter().find(stays);
        after.or_else(|| rows.names()[..last].iter().rev().find(stays)).cloned()
    });
    let delete = |name: &ObjectName| Command::DeleteObject { name: name.to_string() };
    if client.submit(together(names.iter().map(delete).collect())) {
        client.select(next);
    }
}

/// Makes one more of each selected object, a little aside, and selects those.
pub(super) fn duplicate(desk: &Desk) {
    let client = desk.client();
    let objects = client.selection();
    let objects = objects.iter().filter_map(|name| client.object(name.as_str()));
    let drafts: Vec<_> = objects.map(|object| ObjectDraft::from(&*object)).collect();
    add(desk, drafts, OFFSET);
}

/// Adds objects under free names, moved aside as far as the world goes, and selects them. Answers how many
/// were added: all or none.
pub(super) fn add(desk: &Desk, mut drafts: Vec<ObjectDraft>, aside: f64) -> usize {
    let client = desk.client();
    let mut taken = BTreeSet::new();
    let named = client.view(|view, _| {
        for draft in &mut drafts {
            let is_taken = |name: &str| view.object(name).is_some() || taken.contains(name);
            if is_taken(&draft.name) {
                draft.name = free_name(stem(&draft.name), is_taken);
            }
            taken.insert(draft.name.clone());
            for at in [&mut draft.x, &mut draft.z] {
                let moved = *at + aside;
                *at = if moved.abs() <= BOUND { moved } else { *at - aside };
            }
        }
    });
    if named.is_none() || drafts.is_empty() {
        return 0;
    }
    let names: Vec<_> = drafts.iter().filter_map(|d| ObjectName::new("name", &d.name).ok()).collect();
    let count = drafts.len();
    let commands = drafts.into_iter().map(|object| Command::CreateObject { object }).collect();
    if client.submit(together(commands)) {
        client.select_all(names);
        count
    } else {
        0
    }
}

/// Shows or hides what is selected: hides all if any of it is shown.
pub(super) fn toggle_visible(desk: &Desk) {
    let client = desk.client();
    let names = client.selection();
    let any_shown = names.iter().any(|name| client.object(name.as_str()).is_some_and(|o| o.visible));
    let commands = names.iter().map(|name| crate::form::object::set_visible(name.as_str(), !any_shown));
    client.submit(together(commands.collect()));
}

/// The names of what is hidden.
fn hidden(desk: &Desk) -> Vec<ObjectName> {
    let all = desk.client().view(|view, _| {
        view.objects().filter(|object| !object.visible).map(|object| object.name.clone()).collect()
    });
    all.unwrap_or_default()
}

/// Why there is nothing to show again.
pub(super) fn nothing_hidden(desk: &Desk) -> Option<&'static str> {
    unfit_at_all(desk).or_else(|| hidden(desk).is_empty().then_some("nothing is hidden"))
}

/// Shows all that is hidden, but for what is locked here.
pub(super) fn show_all(desk: &Desk) {
    let client = desk.client();
    let names = hidden(desk).into_iter().filter(|name| !client.is_locked(name));
    let commands: Vec<_> = names.map(|name| crate::form::object::set_visible(name.as_str(), true)).collect();
    if commands.is_empty() {
        desk.refuse("Not shown: all that is hidden is locked in this browser.");
    } else {
        client.submit(together(commands));
    }
}

/// Locks what is selected, or unlocks it where all of it is locked.
pub(super) fn toggle_locked(desk: &Desk) {
    let client = desk.client();
    let names = client.selection();
    let all_locked = names.iter().all(|name| client.is_locked(name));
    client.set_locked(&names, !all_locked);
}

/// Selects everything that the tree lists.
pub(super) fn select_all(desk: &Desk) {
    let names = desk.client().rows(|rows| rows.names().to_vec());
    desk.client().select_all(names);
}

/// Selects what is listed and not selected.
pub(super) fn invert(desk: &Desk) {
    let client = desk.client();
    let names = client.rows(|rows| {
        rows.names().iter().filter(|name| !client.is_selected(name)).cloned().collect::<Vec<_>>()
    });
    client.select_all(names);
}
