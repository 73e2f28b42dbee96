//! What a target allocates: hostile bytes must not cost more than a multiple of their own number.

#![expect(unsafe_code, reason = "a global allocator is one by contract; this one passes every call on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count of what each thread holds.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    /// Bytes that this thread has allocated and not freed; what another thread frees counts there.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: isize) {
    // A thread that ends has no counters any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get().saturating_add(bytes));
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// Layouts have at most `isize::MAX` bytes.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there at once.
        add(size as isize);
        add(-(layout.size() as isize));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What `work` gives, and the most bytes that this thread held at once for it.
pub fn of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let done = work();
    (done, usize::try_from(MOST.get() - before).unwrap_or(0))
}

/// What `work` gives.
///
/// # Panics
/// Where it held more than `fixed` bytes and `times` the bytes of its input at once.
pub fn bounded<T>(input: usize, fixed: usize, times: usize, work: impl FnOnce() -> T) -> T {
    let (done, held) = of(work);
    let bound = fixed + times * input;
    assert!(held <= bound, "{input} bytes had {held} bytes allocated; at most {bound} are fine");
    done
}
