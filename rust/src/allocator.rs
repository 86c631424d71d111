//! The memory of the bridge and the kernel. Where the system gives none, Rust aborts the process; this
//! ends it with a coded error instead, as C++ does with a `std::bad_alloc` that nobody catches.

use std::alloc::{GlobalAlloc, Layout, System};

use crate::end::end_without_memory;

struct EndingAllocator;

#[global_allocator]
static ALLOCATOR: EndingAllocator = EndingAllocator;

fn checked(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        // SAFETY: it takes nothing and does not return.
        unsafe { end_without_memory() }
    }
    block
}

// SAFETY: the system's allocator, with its promises.
unsafe impl GlobalAlloc for EndingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        checked(System.alloc(layout))
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        checked(System.alloc_zeroed(layout))
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        checked(System.realloc(block, layout, new_size))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        System.dealloc(block, layout);
    }
}
