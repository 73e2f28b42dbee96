//! The feed's locks and calls, as loom has them.

/// As parking_lot has it.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().expect("nobody panics with it")
    }
}

/// As tokio has it for one who waits: a call that comes while nobody waits is kept.
#[derive(Debug)]
pub(crate) struct Notify {
    called: Mutex<bool>,
    changed: loom::sync::Condvar,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self { called: Mutex::new(false), changed: loom::sync::Condvar::new() }
    }

    pub(crate) fn notify_one(&self) {
        *self.called.lock() = true;
        self.changed.notify_one();
    }

    pub(crate) fn wait(&self) {
        let mut called = self.called.lock();
        while !std::mem::take(&mut *called) {
            called = self.changed.wait(called).expect("nobody panics with it");
        }
    }
}
