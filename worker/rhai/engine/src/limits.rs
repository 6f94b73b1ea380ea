//! What keeps a script from going on for ever, or growing for ever.

use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext, Position};
use std::cell::Cell;

#[link(wasm_import_module = "host")]
extern "C" {
    /// 1 when the script is to end: its time is over, or nobody wants it any more. 2 when it is somebody else's turn.
    fn verdict() -> i32;
    /// Comes back once it is this script's turn again.
    fn pause();
}

const END: i32 = 1;
const PAUSE: i32 = 2;

/// Operations between two questions to the host. One operation may go over whole arrays, so that they are not many.
const STEP: u64 = 16;

const MOST_STRING_BYTES: usize = 1 << 20;
/// Elements of an array, entries of a map.
const MOST_ELEMENTS: usize = 10_000;
const MOST_VARIABLES: usize = 1_000;
const MOST_FUNCTIONS: usize = 500;
const EXPRESSION_DEPTH: usize = 64;
const FUNCTION_EXPRESSION_DEPTH: usize = 32;

#[derive(Clone, Copy, PartialEq)]
enum Stop {
    No,
    ByHost,
    ByOperations,
}

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
    static STOP: Cell<Stop> = const { Cell::new(Stop::No) };
}

/// Sets what a manifest chooses.
pub fn set_chosen(engine: &mut Engine, max_operations: u64, max_call_levels: usize) {
    LEFT.set(max_operations);
    engine.set_max_call_levels(max_call_levels);
}

/// Sets all other limits. Rhai does not count what closures do inside of `map` or `sort`, so operations are counted here.
pub fn set(engine: &mut Engine) {
    engine.set_max_expr_depths(EXPRESSION_DEPTH, FUNCTION_EXPRESSION_DEPTH);
    engine.set_max_string_size(MOST_STRING_BYTES);
    engine.set_max_array_size(MOST_ELEMENTS);
    engine.set_max_map_size(MOST_ELEMENTS);
    engine.set_max_variables(MOST_VARIABLES);
    engine.set_max_functions(MOST_FUNCTIONS);
    engine.set_max_modules(0);
    engine.on_progress(|_| (!may_go_on()).then_some(Dynamic::UNIT));
    engine.register_fn("sleep", |ctx: NativeCallContext, _: i64| no_sleep(&ctx));
    engine.register_fn("sleep", |ctx: NativeCallContext, _: f64| no_sleep(&ctx));
}

/// A thread of its own could sleep; a script would only keep the worker from others.
fn no_sleep(ctx: &NativeCallContext) -> Result<(), Box<EvalAltResult>> {
    Err(EvalAltResult::ErrorRuntime("a script cannot sleep".into(), ctx.call_position()).into())
}

/// Once stopped a script stays stopped: some functions, such as `sort` with a comparer, swallow what they are told.
fn may_go_on() -> bool {
    let left = LEFT.get();
    if STOP.get() != Stop::No {
        return false;
    }
    if left == 0 {
        STOP.set(Stop::ByOperations);
        return false;
    }
    LEFT.set(left - 1);
    left % STEP != 0 || host_lets_go_on()
}

fn host_lets_go_on() -> bool {
    match unsafe { verdict() } {
        END => {
            STOP.set(Stop::ByHost);
            return false;
        }
        PAUSE => unsafe { pause() },
        _ => {}
    }
    true
}

/// Whether a host function may begin.
pub fn is_stopped() -> bool {
    STOP.get() != Stop::No
}

/// Why a script was stopped, whatever it made of that itself.
pub fn overriding(outcome: &Result<Dynamic, Box<EvalAltResult>>) -> Option<EvalAltResult> {
    let place = match outcome {
        Ok(_) => Position::NONE,
        Err(error) => error.unwrap_inner().position(),
    };
    match STOP.get() {
        Stop::No => None,
        Stop::ByHost => Some(EvalAltResult::ErrorTerminated(Dynamic::UNIT, place)),
        Stop::ByOperations => Some(EvalAltResult::ErrorTooManyOperations(place)),
    }
}
