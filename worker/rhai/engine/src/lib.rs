//! The Rhai engine for a host of WebAssembly.
//!
//! Whoever builds it calls [`prepare`] once and keeps the memory as it is then as the data of the module. A host makes an
//! instance, calls [`open`] with the limits, hands over the prelude and what the scripts may be told, and keeps a copy of
//! the memory as it is then. Each task begins with that copy, so that nothing of the one before is left: for the same
//! reason nothing a script has made is ever dropped here.

mod abilities;
mod constants;
mod limits;
mod memory;
mod output;

use rhai::{Dynamic, Engine, EvalAltResult, Position, Scope, AST};
use std::cell::RefCell;
use std::mem::forget;

/// What an instance has once it is prepared.
struct Ready {
    engine: Engine,
    prelude: AST,
}

thread_local! {
    static READY: RefCell<Option<Ready>> = const { RefCell::new(None) };
    static RESULT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Makes the engine, as it is whatever a manifest says.
#[no_mangle]
pub extern "C" fn prepare() {
    std::panic::set_hook(Box::new(|info| output::tell(output::PANIC, &info.to_string(), Position::NONE)));
    let mut engine = Engine::new();
    limits::set(&mut engine);
    output::connect(&mut engine);
    constants::guard(&mut engine);
    READY.with_borrow_mut(|slot| *slot = Some(Ready { engine, prelude: AST::empty() }));
}

/// Has the engine be as a manifest says.
///
/// `allowed` has a bit for each kind of host function, see `abilities`.
#[no_mangle]
pub extern "C" fn open(max_operations: f64, max_call_levels: u32, allowed: u32) {
    with_ready(|Ready { engine, .. }| {
        limits::set_chosen(engine, max_operations as u64, max_call_levels as usize);
        abilities::register(engine, allowed);
    });
}

/// Compiles what comes ahead of every script. 0 when it did; else the result is what is wrong with it.
///
/// # Safety
/// `text` must be `len` readable bytes.
#[no_mangle]
pub unsafe extern "C" fn set_prelude(text: *const u8, len: usize) -> u32 {
    let text = text_at(text, len);
    with_ready(|ready| match ready.engine.compile(&text) {
        Ok(ast) => {
            ready.prelude = ast;
            0
        }
        Err(error) => {
            show(&EvalAltResult::from(error));
            1
        }
    })
}

/// Names the constants: `CONTEXT_ID` when `which` is 0, else `CALLER_ID`.
///
/// # Safety
/// `text` must be `len` readable bytes.
#[no_mangle]
pub unsafe extern "C" fn set_constant(which: u32, text: *const u8, len: usize) {
    constants::set(which, &text_at(text, len));
}

/// Runs a script. 0 when it came to a value, which is then the result as text; else the result is the error.
///
/// # Safety
/// `text` must be `len` readable bytes.
#[no_mangle]
pub unsafe extern "C" fn run(text: *const u8, len: usize) -> u32 {
    let script = text_at(text, len);
    with_ready(|ready| {
        let mut scope = Scope::new();
        constants::push(&mut scope);
        let value = evaluate(ready, &mut scope, &script);
        forget(scope);
        let failed = match limits::overriding(&value) {
            Some(stop) => show(&stop),
            None => match &value {
                Ok(value) => !output::write_value(value, &mut result_buffer()) && show(&output::too_long()),
                Err(error) => show(error),
            },
        };
        forget(value);
        u32::from(failed)
    })
}

fn evaluate(ready: &Ready, scope: &mut Scope, script: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    let ast = ready.engine.compile_with_scope(scope, script)?;
    let whole = ready.prelude.merge(&ast);
    let value = ready.engine.eval_ast_with_scope::<Dynamic>(scope, &whole);
    forget((ast, whole));
    value
}

/// Where the result is.
#[no_mangle]
pub extern "C" fn result_at() -> *const u8 {
    RESULT.with_borrow(|result| result.as_ptr())
}

/// Bytes of the result.
#[no_mangle]
pub extern "C" fn result_length() -> usize {
    RESULT.with_borrow(|result| result.len())
}

fn with_ready<T>(act: impl FnOnce(&mut Ready) -> T) -> T {
    READY.with_borrow_mut(|slot| act(slot.as_mut().expect("the instance is not prepared")))
}

fn result_buffer() -> impl std::fmt::Write {
    struct Buffer;
    impl std::fmt::Write for Buffer {
        fn write_str(&mut self, part: &str) -> std::fmt::Result {
            RESULT.with_borrow_mut(|result| {
                if result.len() + part.len() > output::MOST_BYTES {
                    return Err(std::fmt::Error);
                }
                result.push_str(part);
                Ok(())
            })
        }
    }
    RESULT.with_borrow_mut(String::clear);
    Buffer
}

/// Leaves an error as the result, in Rhai's own words. Always true.
fn show(error: &EvalAltResult) -> bool {
    use std::fmt::Write;
    let _ = write!(result_buffer(), "{error}"); // what does not fit is left out
    true
}

unsafe fn text_at(text: *const u8, len: usize) -> String {
    String::from_utf8_lossy(std::slice::from_raw_parts(text, len)).into_owned()
}
