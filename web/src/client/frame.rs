//! Work that is done at most once for each picture that the browser shows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::browser;

/// Runs its work in the next animation frame after it was asked to, once, however often it was asked.
/// A hidden page has no frames: the work then waits until it is seen. Dropping it forgets the work.
pub struct EachFrame {
    asked: Rc<Cell<Option<i32>>>,
    callback: Closure<dyn FnMut()>,
}

impl EachFrame {
    /// Prepares `work`.
    pub fn new(work: impl Fn() + 'static) -> Self {
        let asked = Rc::new(Cell::new(None));
        let callback = Closure::<dyn FnMut()>::new({
            let asked = Rc::clone(&asked);
            move || {
                // First, so that the work may ask for another frame.
                asked.set(None);
                work();
            }
        });
        Self { asked, callback }
    }

    /// Asks for the work to be done in the next frame.
    pub fn ask(&self) {
        if self.asked.get().is_none() {
            let frame = browser::window().request_animation_frame(self.callback.as_ref().unchecked_ref());
            self.asked.set(frame.ok());
        }
    }
}

impl Drop for EachFrame {
    fn drop(&mut self) {
        if let Some(frame) = self.asked.take() {
            // A frame that has just begun cannot be cancelled; its callback is gone then.
            let _ = browser::window().cancel_animation_frame(frame);
        }
    }
}

/// Called with what has changed.
type Listener<T> = Rc<dyn Fn(&T)>;

/// Those who are told of each frame. One that is dropped is told no more.
pub struct Listeners<T> {
    list: RefCell<Vec<(u64, Listener<T>)>>,
    next: Cell<u64>,
}

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self { list: RefCell::default(), next: Cell::new(0) }
    }
}

impl<T> Listeners<T> {
    /// Adds one, and answers the number by which it goes.
    pub fn add(&self, listener: Listener<T>) -> u64 {
        let id = self.next.get();
        self.next.set(id + 1);
        self.list.borrow_mut().push((id, listener));
        id
    }

    /// Takes one away.
    pub fn remove(&self, id: u64) {
        self.list.borrow_mut().retain(|(other, _)| *other != id);
    }

    /// Whether there is one.
    pub fn any(&self) -> bool {
        !self.list.borrow().is_empty()
    }

    /// Tells them all. One that adds or removes others meanwhile changes the next time.
    pub fn tell(&self, what: &T) {
        let list: Vec<_> = self.list.borrow().iter().map(|(_, listener)| Rc::clone(listener)).collect();
        for listener in list {
            listener(what);
        }
    }
}
