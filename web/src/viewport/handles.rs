//! The tools of the view, and how a drag of its handles reaches the session.
//!
//! On this page what is dragged moves at once. The others see it by changes that are sent while it lasts, and at
//! its end exactly where it was let go; all of them are one step to undo.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use vws_core::ObjectName;
use vws_core::reduce::State;
use vws_core::replica::Replica;

use super::drag::Drag;
use super::scene::Scene;
use super::tool::{Space, Tool};
use crate::browser;
use crate::client::Standing;
use crate::client::progress::grouped;

/// Milliseconds between changes that are sent while a drag lasts, and more for each object that it moves: a
/// thousand of them are no more for everybody than a few.
const EVERY_MS: f64 = 1000.0 / 15.0;
const MORE_MS: f64 = 0.25;
/// Commands without a verdict beyond which a drag waits: a network that is slow gets fewer, not later ones.
const UNANSWERED: usize = 6;
/// The handles take up to this many objects: `MAX_HANDLED` in `web/js/handles.js`.
const MOST: usize = 1000;

/// What the viewport tells of a drag, in its order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    Begin,
    Move,
    End,
    Cancel,
}

impl Phase {
    /// By the viewport's word; any other one ends a drag as if it was cancelled.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "begin" => Self::Begin,
            "move" => Self::Move,
            "end" => Self::End,
            _ => Self::Cancel,
        }
    }
}

/// A drag under way, and when something of it was sent last.
#[derive(Default)]
pub(super) struct Dragging {
    drag: Option<Drag>,
    sent_at: f64,
    /// Whether a timer is under way.
    waiting: bool,
    /// One that has ended, until the server has answered all of it.
    ended: Option<Drag>,
}

impl Scene {
    /// The tool that is chosen.
    #[must_use]
    pub fn tool(&self) -> Tool {
        self.tool.get()
    }

    /// Chooses a tool.
    pub fn set_tool(&self, tool: Tool) {
        self.tool.set(tool);
        self.refit();
        self.client.refresh();
    }

    /// Whose axes the handles have.
    #[must_use]
    pub fn space(&self) -> Space {
        self.space.get()
    }

    /// Chooses whose axes the handles have.
    pub fn set_space(&self, space: Space) {
        self.space.set(space);
        self.viewport.set_space(space.word());
        self.client.refresh();
    }

    /// The selected objects that a drag moves: those that are not locked in this browser. This is the one place
    /// that chooses them.
    #[must_use]
    pub fn movable(&self) -> Vec<ObjectName> {
        let mut names = self.client.selection();
        names.retain(|name| !self.client.is_locked(name));
        names
    }

    /// Whether something is being dragged.
    #[must_use]
    pub fn is_dragging(&self) -> bool {
        self.dragging.borrow().drag.is_some()
    }

    /// Why there are no handles though a tool that has some is chosen and something is selected, in words for the
    /// user.
    #[must_use]
    pub fn no_handles(&self) -> Option<String> {
        let selected = self.client.selected_count();
        if self.tool.get() == Tool::Select || selected == 0 {
            return None;
        }
        if self.client.past_seq().is_some() {
            return Some("The page shows the past: nothing can be moved there.".to_owned());
        }
        if self.client.looks_only() {
            return Some("Your link lets you look: nothing can be moved.".to_owned());
        }
        match self.client.standing() {
            Standing::Live => {}
            Standing::Loading(_) => return Some("The session is not loaded yet.".to_owned()),
            _ => return Some("There is no connection: nothing can be moved until it is back.".to_owned()),
        }
        let most = self.client.read(|replica| replica.limits().commands_per_batch as usize).min(MOST);
        let movable = self.movable().len();
        if movable == 0 {
            return Some("What is selected is locked in this browser: unlock it to move it.".to_owned());
        }
        (movable > most).then(|| {
            let [most, movable] = [most, movable].map(|n| grouped(n as u64));
            format!("The handles move up to {most} objects at once; {movable} are selected.")
        })
    }

    /// Gives the viewport the tool that can be used now.
    pub(super) fn refit(&self) {
        let tool = if self.no_handles().is_some() { Tool::Select } else { self.tool.get() };
        if self.in_force.replace(tool) != tool {
            self.viewport.set_tool(tool.word());
        }
    }

    /// The viewport tells of a drag.
    pub(super) fn transformed(self: &Rc<Self>, phase: Phase, told: Vec<f64>) {
        if self.drawing.get() {
            // It comes from a call of our own, in the midst of reading the replica.
            self.deferred.borrow_mut().push((phase, told));
            return;
        }
        match phase {
            Phase::Begin => self.begin(&told),
            Phase::Move => {
                if let Some(drag) = self.dragging.borrow_mut().drag.as_mut() {
                    drag.moved(&told);
                }
                self.tick();
            }
            Phase::End => self.end(&told),
            Phase::Cancel => self.put_back(),
        }
    }

    fn begin(&self, told: &[f64]) {
        let gesture = self.client.new_gesture();
        let batcher = self.batcher.borrow();
        let find = |slot| self.client.object(batcher.slots().name(slot)?.as_str());
        self.dragging.borrow_mut().drag = Some(Drag::begin(gesture, told, find));
        self.client.refresh();
    }

    /// Sends what has changed since the last time, or later when that was just now.
    fn tick(self: &Rc<Self>) {
        let mut dragging = self.dragging.borrow_mut();
        let Dragging { drag: Some(drag), sent_at, waiting, .. } = &mut *dragging else { return };
        let commands = drag.forth(|name| self.client.object(name));
        if commands.is_empty() || *waiting {
            return;
        }
        let due = *sent_at + EVERY_MS + MORE_MS * commands.len() as f64;
        let now = browser::monotonic_ms();
        if now < due || self.client.read(Replica::pending) > UNANSWERED {
            let scene = Rc::downgrade(self);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a second")]
            let wait = (due - now).clamp(10.0, 1000.0) as u32;
            *waiting = true;
            let again = Timeout::new(wait, move || {
                if let Some(scene) = scene.upgrade() {
                    scene.dragging.borrow_mut().waiting = false;
                    scene.tick();
                }
            });
            again.forget();
            return;
        }
        *sent_at = now;
        drag.sent = true;
        let gesture = drag.gesture;
        drop(dragging);
        if !self.client.submit_live(commands, gesture) {
            self.viewport.cancel_transform();
        }
    }

    fn end(&self, told: &[f64]) {
        let Some(mut drag) = self.dragging.borrow_mut().drag.take() else { return };
        drag.moved(told);
        self.go_to_the_end(&drag);
        self.client.redraw(drag.names());
        self.dragging.borrow_mut().ended = Some(drag);
    }

    fn go_to_the_end(&self, drag: &Drag) {
        let commands = drag.forth(|name| self.client.object(name));
        if !commands.is_empty() {
            self.client.submit_live(commands, drag.gesture);
        }
    }

    fn put_back(&self) {
        let Some(drag) = self.dragging.borrow_mut().drag.take() else { return };
        if drag.sent {
            let there = |name: &str| self.client.read(|replica| Some(replica.view()?.object(name)?.clone()));
            self.client.cancel_live(drag.back(there), drag.gesture);
        }
        self.client.redraw(drag.names());
    }

    /// Sees to it that what was dragged comes to where it was dragged, though a batch was refused since somebody
    /// has deleted one of its objects: the others go on without it.
    pub(super) fn settle(self: &Rc<Self>) {
        let gesture = self.dragging.borrow().drag.as_ref().map(|drag| drag.gesture);
        if gesture.is_some_and(|gesture| self.client.take_setback(gesture)) {
            self.tick();
        }
        let Some(ended) = self.dragging.borrow_mut().ended.take() else { return };
        if self.client.take_setback(ended.gesture) {
            self.go_to_the_end(&ended);
        }
        if !self.client.is_settled(ended.gesture) {
            self.dragging.borrow_mut().ended.get_or_insert(ended);
        }
    }
}
