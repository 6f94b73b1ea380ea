//! What a script prints, and what it comes to.

use rhai::{Dynamic, Engine, EvalAltResult, Position};
use std::cell::Cell;
use std::fmt::Write;

#[link(wasm_import_module = "host")]
extern "C" {
    #[link_name = "tell"]
    fn told(kind: u32, text: *const u8, len: usize, line: u32, column: u32);
}

pub const PRINT: u32 = 0;
pub const DEBUG: u32 = 1;
pub const PANIC: u32 = 2;
pub const OUT_OF_MEMORY: u32 = 3;

/// Bytes a value may have as text.
pub const MOST_BYTES: usize = 1 << 20;

/// Bytes a script may print.
const MOST_PRINTED: usize = 64 << 10;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(MOST_PRINTED) };
}

/// Sends what a script prints to the host.
pub fn connect(engine: &mut Engine) {
    engine.on_print(|text| print(PRINT, text, Position::NONE));
    engine.on_debug(|text, _, place| print(DEBUG, text, place));
}

fn print(kind: u32, text: &str, place: Position) {
    let left = LEFT.get();
    if left == 0 {
        return;
    }
    let mut end = text.len().min(left);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    LEFT.set(if end < text.len() { 0 } else { left - end });
    tell(kind, &text[..end], place);
}

/// Sends a text to the host.
pub fn tell(kind: u32, text: &str, place: Position) {
    let line = place.line().unwrap_or(0) as u32;
    let column = place.position().unwrap_or(0) as u32;
    unsafe { told(kind, text.as_ptr(), text.len(), line, column) }
}

/// Writes a value as Rhai shows it, and says whether it fitted.
pub fn write_value(value: &Dynamic, out: &mut impl Write) -> bool {
    write!(out, "{value}").is_ok()
}

/// Why there is no value although the script came to one.
pub fn too_long() -> EvalAltResult {
    EvalAltResult::ErrorDataTooLarge("Length of the output".into(), Position::NONE)
}
