//! Rhai as a native program runs it, to hold the engine and the worker against.
//!
//!     rhai-native eval                             scripts on stdin, what each comes to on stdout
//!     rhai-native serve HOST:PORT CIRCLE COUNT     tasks of a list, one after the other, as the worker in use does
//!
//! On stdin and stdout a text is its length in bytes, a line end and the text; a result has `=` or `!` ahead of the length.

use rhai::{Dynamic, Engine, Scope};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["eval"] => eval_all(),
        ["serve", address, circle, count] => serve(address, circle, count.parse().expect("COUNT is a number")),
        _ => panic!("usage: rhai-native eval | serve HOST:PORT CIRCLE COUNT"),
    }
}

fn eval_all() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut engine = Engine::new();
    engine.on_print(|_| {}).on_debug(|_, _, _| {});
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let mut script = vec![0; line.trim().parse().expect("a length")];
        line.clear();
        input.read_exact(&mut script)?;
        let started = Instant::now();
        let (mark, text) = match run(&engine, &String::from_utf8_lossy(&script), "circle", "caller") {
            Ok(text) => ('=', text),
            Err(text) => ('!', text),
        };
        write!(output, "{mark} {} {}\n{text}", text.len(), started.elapsed().as_micros())?;
        output.flush()?;
    }
    Ok(())
}

fn run(engine: &Engine, script: &str, context: &str, caller: &str) -> Result<String, String> {
    let mut scope = Scope::new();
    scope.push_constant("CONTEXT_ID", context.to_string());
    scope.push_constant("CALLER_ID", caller.to_string());
    engine
        .eval_with_scope::<Dynamic>(&mut scope, script)
        .map(|value| value.to_string())
        .map_err(|error| error.to_string())
}

fn serve(address: &str, circle: &str, count: usize) -> io::Result<()> {
    let mut redis = Redis::connect(address)?;
    let engine = Engine::new();
    let queue = format!("rhai_tasks:{circle}");
    for _ in 0..count {
        let task = redis.command(&["BLPOP", &queue, "0"])?.pop().expect("a task");
        let key = format!("rhai_task_details:{task}");
        let details = redis.command(&["HGETALL", &key])?;
        let field = |name: &str| details.chunks(2).find(|pair| pair[0] == name).map_or("", |pair| pair[1].as_str());
        redis.command(&["HSET", &key, "status", "processing"])?;
        match run(&engine, field("script"), circle, field("callerId")) {
            Ok(output) => redis.command(&["HSET", &key, "status", "completed", "output", &output])?,
            Err(error) => redis.command(&["HSET", &key, "status", "error", "error", &error])?,
        };
    }
    Ok(())
}

/// A connection to Redis, one command at a time.
struct Redis {
    reader: BufReader<TcpStream>,
}

impl Redis {
    fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    /// Sends a command. The texts of the reply, one after the other.
    fn command(&mut self, args: &[&str]) -> io::Result<Vec<String>> {
        let mut bytes = format!("*{}\r\n", args.len());
        for arg in args {
            bytes.push_str(&format!("${}\r\n{arg}\r\n", arg.len()));
        }
        self.reader.get_mut().write_all(bytes.as_bytes())?;
        let mut texts = Vec::new();
        self.reply(&mut texts)?;
        Ok(texts)
    }

    fn reply(&mut self, texts: &mut Vec<String>) -> io::Result<()> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            "*" => {
                for _ in 0..rest.parse::<i64>().unwrap_or(0).max(0) {
                    self.reply(texts)?;
                }
            }
            "$" => {
                let length = rest.parse::<i64>().unwrap_or(-1);
                if length >= 0 {
                    let mut text = vec![0; length as usize + 2];
                    self.reader.read_exact(&mut text)?;
                    text.truncate(length as usize);
                    texts.push(String::from_utf8_lossy(&text).into_owned());
                }
            }
            "-" => panic!("Redis said {rest}"),
            _ => texts.push(rest.to_string()),
        }
        Ok(())
    }
}
