//! The thread that forces what was written to disk, at the level at which nobody waits for that.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// What was written waits for so long at most before it is forced to disk; the bound is 50 ms, and forcing
/// takes time itself.
const PERIOD: Duration = Duration::from_millis(25);

/// Files with something that is not yet forced to disk.
#[derive(Default)]
pub(super) struct Flusher {
    waiting: Mutex<Waiting>,
    told: Condvar,
}

#[derive(Default)]
struct Waiting {
    files: Vec<(Arc<File>, PathBuf)>,
    stop: bool,
}

impl Flusher {
    pub(super) fn written(&self, file: &Arc<File>, path: &Path) {
        let mut waiting = self.waiting.lock();
        if !waiting.files.iter().any(|(there, _)| Arc::ptr_eq(there, file)) {
            waiting.files.push((Arc::clone(file), path.to_owned()));
            self.told.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        self.waiting.lock().stop = true;
        self.told.notify_one();
    }

    /// Forces files with `sync` until it is told to stop.
    pub(super) fn run(&self, sync: impl Fn(&File, &Path)) {
        loop {
            let mut waiting = self.waiting.lock();
            while waiting.files.is_empty() && !waiting.stop {
                self.told.wait(&mut waiting);
            }
            // Gather what is written within the period; nobody waits for it.
            let until = Instant::now() + PERIOD;
            while !waiting.stop && !self.told.wait_until(&mut waiting, until).timed_out() {}
            let (files, stop) = (std::mem::take(&mut waiting.files), waiting.stop);
            drop(waiting);
            for (file, path) in files {
                sync(&file, &path);
            }
            if stop {
                return;
            }
        }
    }
}
