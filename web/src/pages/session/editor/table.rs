//! Every action, once.

use vws_core::history::Way;

use super::keys::{Keys, Pressed};
use super::{Action, Ask, Desk, Group, clipboard, edit, nudge};
use crate::pages::session::links::{copy_link, copy_selecting_link};
use crate::pages::session::people::{calls, follow};
use crate::theme::Choice;
use crate::viewport::scene::Scene;
use crate::viewport::tool::Tool;

/// Why what is done to one object cannot be done now.
pub(super) const SEVERAL: &str = "several objects are selected";

const fn always(_: &Desk) -> Option<&'static str> {
    None
}

fn no_view(desk: &Desk) -> Option<&'static str> {
    desk.session.port.scene().is_none().then_some("there is no 3D view here")
}

fn no_selection(desk: &Desk) -> Option<&'static str> {
    (desk.client().selected_count() == 0).then_some("nothing is selected")
}

/// Why no step can be gone now: what is being dragged would go on from where it is.
fn dragging(desk: &Desk) -> Option<&'static str> {
    desk.session.port.scene().is_some_and(|scene| scene.is_dragging()).then_some("something is being dragged")
}

fn nothing_locked(desk: &Desk) -> Option<&'static str> {
    (desk.client().locked_count() == 0).then_some("nothing is locked in this browser")
}

fn no_undo(desk: &Desk) -> Option<&'static str> {
    edit::unfit_at_all(desk)
        .or_else(|| dragging(desk))
        .or_else(|| (!desk.client().can_go(Way::Undo)).then_some("there is nothing to undo"))
}

fn no_redo(desk: &Desk) -> Option<&'static str> {
    edit::unfit_at_all(desk)
        .or_else(|| dragging(desk))
        .or_else(|| (!desk.client().can_go(Way::Redo)).then_some("there is nothing to redo"))
}

fn not_following(desk: &Desk) -> Option<&'static str> {
    desk.client().follows().is_none().then_some("nobody is followed")
}

fn not_past(desk: &Desk) -> Option<&'static str> {
    desk.time.is_live().then_some("the page shows the present")
}

fn not_one(desk: &Desk) -> Option<&'static str> {
    edit::unfit(desk).or_else(|| (desk.client().selected_count() > 1).then_some(SEVERAL))
}

fn chosen(desk: &Desk, theme: Choice) -> Option<&'static str> {
    (desk.theme.choice == theme).then_some("it is so already")
}

fn scene(desk: &Desk, act: impl FnOnce(&Scene)) {
    if let Some(scene) = desk.session.port.scene() {
        act(&scene);
    }
}

macro_rules! actions {
    ($($group:ident { $($id:literal $label:literal [$($keys:literal),*] $unfit:expr => $run:expr;)* })*) => {
        &[$($(Action {
            id: $id,
            label: $label,
            group: Group::$group,
            keys: &[$(Keys($keys)),*],
            unfit: $unfit,
            run: $run,
        },)*)*]
    };
}

/// Every action.
pub(super) static ALL: &[Action] = actions! {
    Edit {
        "undo" "Undo" ["Ctrl+Z"] no_undo => |desk| desk.client().go(Way::Undo);
        "redo" "Redo" ["Ctrl+Shift+Z", "Ctrl+Y"] no_redo => |desk| desk.client().go(Way::Redo);
        "cut" "Cut" ["Ctrl+X"] edit::unfit => clipboard::cut;
        "copy" "Copy" ["Ctrl+C"] no_selection => clipboard::copy;
        "paste" "Paste" ["Ctrl+V"] edit::unfit_at_all => clipboard::paste;
        "duplicate" "Duplicate" ["Ctrl+D"] edit::unfit => edit::duplicate;
        "delete" "Delete" ["Delete", "Backspace"] edit::unfit => edit::delete;
        "rename" "Rename" ["F2"] not_one => |desk| desk.ask.emit(Ask::Rename);
        "toggle-visible" "Hide or show" ["H"] edit::unfit => edit::toggle_visible;
        "show-all" "Show everything" ["Shift+H"] edit::nothing_hidden => edit::show_all;
        "lock" "Lock or unlock in this browser" ["Shift+L"] no_selection => edit::toggle_locked;
        "unlock-all" "Unlock everything" [] nothing_locked => |desk| desk.client().unlock_all();
    }
    People {
        // Before what else Escape does.
        "stop-following" "Stop following" ["Escape"] not_following => |desk| follow::stop(&desk.session);
        "bring-to-me" "Bring everybody to me" [] |desk| calls::unfit(&desk.session) => |desk| calls::bring(&desk.session, &desk.toasts);
    }
    Select {
        "select-all" "Select all" ["Ctrl+A"] always => edit::select_all;
        "select-none" "Select nothing" ["Escape"] no_selection => |desk| desk.client().select(None);
        "invert" "Invert the selection" ["Ctrl+I"] always => edit::invert;
        "search" "Search objects" ["/", "Ctrl+F"] always => |desk| desk.ask.emit(Ask::Search);
    }
    Tools {
        "tool-select" "Select" ["Q"] no_view => |desk| scene(desk, |scene| scene.set_tool(Tool::Select));
        "tool-move" "Move" ["W"] no_view => |desk| scene(desk, |scene| scene.set_tool(Tool::Move));
        "tool-rotate" "Rotate" ["E"] no_view => |desk| scene(desk, |scene| scene.set_tool(Tool::Rotate));
        "tool-scale" "Scale" ["R"] no_view => |desk| scene(desk, |scene| scene.set_tool(Tool::Scale));
        "tool-space" "Own axes or the world's" ["X"] no_view => |desk| scene(desk, |scene| scene.set_space(scene.space().other()));
        "tool-box" "Select by a rectangle" ["B"] no_view => |desk| scene(desk, |scene| scene.arm_box(!scene.is_box_armed()));
    }
    Move {
        "left" "Move left, −x" ["ArrowLeft"] edit::unfit => nudge::left;
        "right" "Move right, +x" ["ArrowRight"] edit::unfit => nudge::right;
        "away" "Move away, −z" ["ArrowUp"] edit::unfit => nudge::away;
        "nearer" "Move nearer, +z" ["ArrowDown"] edit::unfit => nudge::nearer;
        "up" "Move up, +y" ["PageUp"] edit::unfit => nudge::up;
        "down" "Move down, −y" ["PageDown"] edit::unfit => nudge::down;
        "fine-left" "Move left a little" ["Shift+ArrowLeft"] edit::unfit => nudge::fine_left;
        "fine-right" "Move right a little" ["Shift+ArrowRight"] edit::unfit => nudge::fine_right;
        "fine-away" "Move away a little" ["Shift+ArrowUp"] edit::unfit => nudge::fine_away;
        "fine-nearer" "Move nearer a little" ["Shift+ArrowDown"] edit::unfit => nudge::fine_nearer;
        "fine-up" "Move up a little" ["Shift+PageUp"] edit::unfit => nudge::fine_up;
        "fine-down" "Move down a little" ["Shift+PageDown"] edit::unfit => nudge::fine_down;
    }
    Add {
        "add" "Add an object" ["Shift+A"] edit::unfit_at_all => |desk| desk.ask.emit(Ask::Add);
    }
    View {
        "frame" "Look at the selection" ["F"] no_view => |desk| scene(desk, Scene::frame);
        "frame-all" "Look at everything" ["Home"] no_view => |desk| scene(desk, Scene::frame_all);
        "shared-view" "Back to the shared view" [] no_view => |desk| scene(desk, Scene::show_shared);
        "tree" "Show or hide the objects" ["Ctrl+B"] always => |desk| desk.ask.emit(Ask::Tree);
        "side" "Show or hide the inspector" ["Ctrl+J"] always => |desk| desk.ask.emit(Ask::Side);
        "world" "World and camera" [] always => |desk| desk.ask.emit(Ask::World);
    }
    Time {
        "timeline" "Show or hide the timeline" ["T"] always => |desk| desk.time.set_open(!desk.time.is_open());
        "step-back" "One event back" [","] always => |desk| desk.time.step(-1);
        "step-forth" "One event on" ["."] not_past => |desk| desk.time.step(1);
        "play" "Play the past, or pause" [" "] not_past => |desk| {
            if desk.time.is_playing() { desk.time.pause() } else { desk.time.play() }
        };
        "live" "Back to live" ["L"] not_past => |desk| desk.time.live();
    }
    Session {
        "rename-session" "Rename the session" [] edit::unfit_at_all => |desk| desk.ask.emit(Ask::RenameSession);
        "copy-link" "Copy a link to what you see" ["Ctrl+Shift+C"] always => |desk| copy_link(&desk.session, &desk.toasts);
        "copy-selecting-link" "Copy a link with what is selected" [] no_selection => |desk| copy_selecting_link(&desk.session, &desk.toasts);
        "theme-system" "Theme: as the system has it" [] |desk| chosen(desk, Choice::System) => |desk| desk.theme.choose.emit(Choice::System);
        "theme-light" "Theme: light" [] |desk| chosen(desk, Choice::Light) => |desk| desk.theme.choose.emit(Choice::Light);
        "theme-dark" "Theme: dark" [] |desk| chosen(desk, Choice::Dark) => |desk| desk.theme.choose.emit(Choice::Dark);
        "palette" "All actions" ["Ctrl+K"] always => |desk| desk.ask.emit(Ask::Palette);
        "shortcuts" "Keyboard shortcuts" ["?"] always => |desk| desk.ask.emit(Ask::Shortcuts);
    }
};

/// The action of this id.
///
/// # Panics
/// Where there is none.
pub(super) fn by_id(id: &str) -> &'static Action {
    ALL.iter().find(|action| action.id == id).expect("the table has every action that is asked for")
}

/// The action that what was pressed stands for: of several the first that can be done, else the last.
pub(super) fn by_keys(pressed: Pressed<'_>, desk: &Desk) -> Option<&'static Action> {
    let pressed = || ALL.iter().filter(|action| action.keys.iter().any(|keys| keys.is(pressed)));
    pressed().find(|action| (action.unfit)(desk).is_none()).or_else(|| pressed().next_back())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web22_each_action_and_each_key_is_there_once() {
        let mut ids = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for action in ALL {
            assert!(ids.insert(action.id), "{} is there twice", action.id);
            for Keys(key) in action.keys {
                // Escape leaves what one is in; the first of them that one is in.
                assert!(keys.insert(key.to_lowercase()) || *key == "Escape", "{key} has two meanings");
            }
        }
    }
}
