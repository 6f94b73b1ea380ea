//! The memory of an instance: where the host puts texts, and how far it was used.

use crate::output;
use rhai::Position;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Watched;

/// The first byte no block has reached yet.
static HIGHEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watched = Watched;

unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        seen(System.alloc(layout), layout.size())
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        seen(System.alloc_zeroed(layout), layout.size())
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        seen(System.realloc(block, layout, size), size)
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        System.dealloc(block, layout)
    }
}

/// Behind each block the allocator keeps a few words of its own.
const BETWEEN_BLOCKS: usize = 64;

fn seen(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        output::tell(output::OUT_OF_MEMORY, "", Position::NONE);
    }
    let end = block as usize + size + BETWEEN_BLOCKS;
    if end > HIGHEST.load(Relaxed) {
        HIGHEST.store(end, Relaxed);
    }
    block
}

/// How far the memory was used.
#[no_mangle]
pub extern "C" fn used_to() -> usize {
    HIGHEST.load(Relaxed)
}

/// A block for a text of the host's, which is never given back.
#[no_mangle]
pub extern "C" fn take(len: usize) -> *mut u8 {
    let mut block = Vec::<u8>::with_capacity(len.max(1));
    let at = block.as_mut_ptr();
    std::mem::forget(block);
    at
}
