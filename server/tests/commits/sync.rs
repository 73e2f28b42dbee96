//! The locks and tasks of the commit path, as shuttle has them.

use std::future::Future;

pub(crate) use shuttle::future::yield_now;
pub(crate) use shuttle::hint::spin_loop;
pub(crate) use shuttle::sync::atomic::AtomicU8;

/// Two looks are enough for each to come out either way.
pub(crate) const LOOKS: usize = 2;

/// As parking_lot has it.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> shuttle::sync::MutexGuard<'_, T> {
        self.0.lock().expect("nobody panics with it")
    }
}

/// As parking_lot has it.
#[derive(Debug)]
pub(crate) struct RwLock<T>(shuttle::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> shuttle::sync::RwLockReadGuard<'_, T> {
        self.0.read().expect("nobody panics with it")
    }

    pub(crate) fn write(&self) -> shuttle::sync::RwLockWriteGuard<'_, T> {
        self.0.write().expect("nobody panics with it")
    }
}

/// A task of its own.
pub(crate) fn spawn<F>(task: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    drop(shuttle::future::spawn(task));
}

/// There always is a runtime.
pub(crate) struct Handle;

impl Handle {
    pub(crate) fn try_current() -> Result<Self, std::convert::Infallible> {
        Ok(Self)
    }

    pub(crate) fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        spawn(task);
    }
}
