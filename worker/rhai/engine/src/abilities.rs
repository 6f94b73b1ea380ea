//! Functions of the host, which a script finds only where the manifest allows them.

use crate::limits;
use rhai::{Array, Dynamic, Engine, EvalAltResult, NativeCallContext};

#[link(wasm_import_module = "host")]
extern "C" {
    /// Asks the host and waits. The request is texts, each ahead of it its length in bytes and a colon. The length of the
    /// answer, which `answer` then copies; the first byte of it tells what it is.
    fn ask(request: *const u8, len: usize) -> usize;
    fn answer(at: *mut u8);
}

const REDIS: u32 = 1;
const HTTP: u32 = 2;
const PROGRESS: u32 = 4;

type Answer = Result<Dynamic, Box<EvalAltResult>>;

/// Registers those that are allowed.
pub fn register(engine: &mut Engine, allowed: u32) {
    if allowed & REDIS != 0 {
        register_redis(engine);
    }
    if allowed & HTTP != 0 {
        engine.register_fn("http_get", |ctx: NativeCallContext, url: &str| call(&ctx, &["http_get", url]));
    }
    if allowed & PROGRESS != 0 {
        engine.register_fn("progress", |ctx: NativeCallContext, percent: i64| {
            call(&ctx, &["progress", &percent.to_string()])
        });
    }
}

fn register_redis(engine: &mut Engine) {
    engine.register_fn("redis_get", |ctx: NativeCallContext, key: &str| call(&ctx, &["redis", "GET", key]));
    engine.register_fn("redis_set", |ctx: NativeCallContext, key: &str, value: Dynamic| {
        call(&ctx, &["redis", "SET", key, &value.to_string()])
    });
    engine.register_fn("redis_set", |ctx: NativeCallContext, key: &str, value: Dynamic, seconds: i64| {
        call(&ctx, &["redis", "SET", key, &value.to_string(), "EX", &seconds.to_string()])
    });
    engine.register_fn("redis_del", |ctx: NativeCallContext, key: &str| call(&ctx, &["redis", "DEL", key]));
    engine.register_fn("redis_exists", |ctx: NativeCallContext, key: &str| call(&ctx, &["redis", "EXISTS", key]));
    engine.register_fn("redis_incr", |ctx: NativeCallContext, key: &str| call(&ctx, &["redis", "INCR", key]));
    engine.register_fn("redis_incr", |ctx: NativeCallContext, key: &str, by: i64| {
        call(&ctx, &["redis", "INCRBY", key, &by.to_string()])
    });
    engine.register_fn("redis_hget", |ctx: NativeCallContext, key: &str, field: &str| {
        call(&ctx, &["redis", "HGET", key, field])
    });
    engine.register_fn("redis_hset", |ctx: NativeCallContext, key: &str, field: &str, value: Dynamic| {
        call(&ctx, &["redis", "HSET", key, field, &value.to_string()])
    });
    engine.register_fn("redis_lpush", |ctx: NativeCallContext, key: &str, value: Dynamic| {
        call(&ctx, &["redis", "LPUSH", key, &value.to_string()])
    });
    engine.register_fn("redis_rpush", |ctx: NativeCallContext, key: &str, value: Dynamic| {
        call(&ctx, &["redis", "RPUSH", key, &value.to_string()])
    });
    engine.register_fn("redis_lrange", |ctx: NativeCallContext, key: &str, from: i64, to: i64| {
        call(&ctx, &["redis", "LRANGE", key, &from.to_string(), &to.to_string()])
    });
}

fn call(ctx: &NativeCallContext, request: &[&str]) -> Answer {
    if limits::is_stopped() {
        return Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, ctx.call_position()).into());
    }
    let request: String = request.iter().map(|part| format!("{}:{part}", part.len())).collect();
    let mut reply = vec![0; unsafe { ask(request.as_ptr(), request.len()) }];
    unsafe { answer(reply.as_mut_ptr()) };
    let mut rest = reply.as_slice();
    decode(&mut rest).map_err(|reason| EvalAltResult::ErrorRuntime(reason.into(), ctx.call_position()).into())
}

/// An answer: `+` text, `:` whole number, `_` nothing, `-` what went wrong, each up to a byte 0; `*` a number of them.
fn decode(rest: &mut &[u8]) -> Result<Dynamic, String> {
    let kind = rest.first().copied().unwrap_or(b'_');
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(rest.get(1..end).unwrap_or_default()).into_owned();
    *rest = rest.get(end + 1..).unwrap_or_default();
    match kind {
        b'+' => Ok(text.into()),
        b':' => Ok(text.parse::<i64>().map_or_else(|_| Dynamic::UNIT, Dynamic::from_int)),
        b'-' => Err(text),
        b'*' => (0..text.parse::<usize>().unwrap_or(0)).map(|_| decode(rest)).collect::<Result<Array, _>>().map(Dynamic::from_array),
        _ => Ok(Dynamic::UNIT),
    }
}
