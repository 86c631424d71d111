//! The crate's allocator: malloc, counted, under the limit that the process has for its heap; what
//! is above may be charged to the budget (src/memory/heap_limit.h). What a log or a checkpoint says
//! of sizes is not to be trusted, and the kernel's readers allocate by it. An
//! allocator may not unwind, and a reader that gets no memory aborts: so what goes above the limit
//! ends the process with the coded error of a budget that was reached. A run can be ended at any
//! moment and started again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::io::{Cursor, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering::Relaxed};

use crate::end::{begin_to_end, end_without_memory};

/// The part of the process's heap that is not ours: `memory::HeapCounters` of C++.
#[repr(C)]
struct HeapCounters {
    in_use: AtomicI64,
    limit: AtomicI64,
    floor: AtomicI64,
}

extern "C" {
    #[link_name = "SpillwayRaiseHeapLimit"]
    fn raise_heap_limit(bytes: i64) -> bool;
    #[link_name = "SpillwayLowerHeapLimit"]
    fn lower_heap_limit();
}

static IN_USE: AtomicI64 = AtomicI64::new(0);
static OTHERS: AtomicPtr<HeapCounters> = AtomicPtr::new(null_mut());

/// Puts this heap under the limit in the `HeapCounters` at address `others`, which live on. Gives the
/// address of the number of bytes (an `AtomicI64`) in use here.
pub fn share_heap(others: usize) -> usize {
    OTHERS.store(others as *mut HeapCounters, Relaxed);
    &raw const IN_USE as usize
}

struct CountedHeap;

#[global_allocator]
static HEAP: CountedHeap = CountedHeap;

// SAFETY: all blocks are System's; the counting allocates nothing and does not unwind.
unsafe impl GlobalAlloc for CountedHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        checked(System.alloc(layout))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        checked(System.alloc_zeroed(layout))
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        take(new_size);
        give(layout.size());
        checked(System.realloc(block, layout, new_size))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        give(layout.size());
        System.dealloc(block, layout);
    }
}

/// Where the system gives no memory either.
fn checked(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        // SAFETY: it takes nothing and does not return.
        unsafe { end_without_memory() }
    }
    block
}

fn others() -> Option<&'static HeapCounters> {
    // SAFETY: the counters live as long as the process.
    unsafe { OTHERS.load(Relaxed).as_ref() }
}

fn take(size: usize) {
    let in_use = IN_USE
        .fetch_add(size as i64, Relaxed)
        .saturating_add(size as i64);
    let Some(others) = others() else {
        return;
    };
    let limit = others.limit.load(Relaxed);
    let all = in_use.saturating_add(others.in_use.load(Relaxed));
    // SAFETY: it allocates nothing and does not throw.
    if limit > 0 && all > limit && !unsafe { raise_heap_limit(size as i64) } {
        end_for_want_of_memory(size, all.saturating_sub(size as i64));
    }
}

fn give(size: usize) {
    let in_use = IN_USE
        .fetch_sub(size as i64, Relaxed)
        .saturating_sub(size as i64);
    let Some(others) = others() else {
        return;
    };
    let floor = others.floor.load(Relaxed);
    if in_use.saturating_add(others.in_use.load(Relaxed)) < floor {
        // SAFETY: it allocates nothing and does not throw.
        unsafe { lower_heap_limit() }
    }
}

/// As `RenderError` of C++ has it; nothing here may allocate.
fn end_for_want_of_memory(size: usize, in_use: i64) -> ! {
    const MIB: i64 = 1 << 20;
    let mut text = [0u8; 512];
    let mut cursor = Cursor::new(&mut text[..]);
    let _ = write!(
        cursor,
        "error[SPW-5002]: the memory budget was reached while a table's log was read\n  \
         why:   a file of the log, or a deletion vector, asked for {} MiB more; logs and footers \
         hold {} MiB, and the rest of the budget is in use\n  \
         do:    give a larger --memory; if the table is of others, look for a file in its _delta_log \
         that is much larger than it should be, unpacked too\n",
        size as i64 / MIB,
        in_use / MIB
    );
    let length = cursor.position() as usize;
    // SAFETY: it takes nothing.
    unsafe { begin_to_end() }
    // SAFETY: standard error stays open; ManuallyDrop does not close it.
    let mut stderr = ManuallyDrop::new(unsafe { File::from_raw_fd(2) });
    let _ = stderr.write_all(&text[..length]);
    exit_now()
}

fn exit_now() -> ! {
    extern "C" {
        fn _exit(code: i32) -> !;
    }
    // SAFETY: _exit takes any code.
    unsafe { _exit(5) }
}
