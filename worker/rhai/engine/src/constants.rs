//! `CONTEXT_ID` and `CALLER_ID`: what a script reads under these names is always what the worker was told.

use rhai::{Dynamic, Engine, ImmutableString, Scope};
use std::cell::RefCell;

const CONTEXT: &str = "CONTEXT_ID";
const CALLER: &str = "CALLER_ID";

thread_local! {
    static VALUES: RefCell<[ImmutableString; 2]> = RefCell::default();
}

/// Sets one of them.
pub fn set(which: u32, text: &str) {
    VALUES.with_borrow_mut(|values| values[usize::from(which != 0)] = text.into());
}

/// Puts both into the scope of a script.
pub fn push(scope: &mut Scope) {
    for name in [CONTEXT, CALLER] {
        if let Some(value) = value_of(name) {
            scope.push_constant_dynamic(name, value);
        }
    }
}

/// Nothing else can have their names: no variable is made so, and what a parameter is given is never read.
pub fn guard(engine: &mut Engine) {
    #[allow(deprecated)] // not deprecated, but may change with another version, and the version is pinned
    engine.on_def_var(|_, definition, _| Ok(definition.name() != CONTEXT && definition.name() != CALLER));
    #[allow(deprecated)]
    engine.on_var(|name, _, _| Ok(value_of(name)));
}

fn value_of(name: &str) -> Option<Dynamic> {
    if !name.ends_with("_ID") {
        return None;
    }
    let which = match name {
        CONTEXT => 0,
        CALLER => 1,
        _ => return None,
    };
    Some(VALUES.with_borrow(|values| values[which].clone()).into())
}
