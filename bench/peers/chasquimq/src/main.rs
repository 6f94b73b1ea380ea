//! ChasquiMQ with the requests of every contender: `chasquimq-peer fill <port> <count> <payload>` adds jobs,
//! `chasquimq-peer work <port> <workers>` works until SIGTERM.
//!
//! Its settings are those of its own benchmark of concurrent workers, and whatever writes a record beside the
//! acknowledgement is off: events, results, delayed and repeated jobs.
use chasquimq::{Bytes, Consumer, ConsumerConfig, HandlerError, Job, Producer, ProducerConfig};
use serde_json::{Value, json};
use std::{env, error::Error, hint::black_box};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

const QUEUE: &str = "bench";
const JOBS_PER_WRITE: usize = 100;
/// More than any round adds: no job is trimmed away before it is worked on.
const MAX_STREAM_LEN: u64 = 10_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fill", port, count, payload] => fill(&url(port), count.parse()?, payload).await,
        ["work", port, workers] => work(&url(port), workers.parse()?).await,
        _ => Err("usage: chasquimq-peer fill <port> <count> <payload> | work <port> <workers>".into()),
    }
}

fn url(port: &str) -> String {
    format!("redis://127.0.0.1:{port}")
}

async fn fill(url: &str, count: usize, payload: &str) -> Result<(), Box<dyn Error>> {
    let config = ProducerConfig {
        queue_name: QUEUE.into(),
        pool_size: 4,
        max_stream_len: MAX_STREAM_LEN,
        ..Default::default()
    };
    let producer = Producer::<String>::connect(url, config).await?;
    let mut left = count;
    while left > 0 {
        let jobs = left.min(JOBS_PER_WRITE);
        producer.add_bulk(vec![payload.to_owned(); jobs]).await?;
        left -= jobs;
    }
    Ok(producer.shutdown().await?)
}

async fn work(url: &str, workers: usize) -> Result<(), Box<dyn Error>> {
    let config = ConsumerConfig {
        queue_name: QUEUE.into(),
        group: QUEUE.into(),
        consumer_id: "1".into(),
        batch: 256,
        block_ms: 100,
        concurrency: workers,
        ack_batch: 256,
        ack_idle_ms: 2,
        dlq_inflight: 64,
        delayed_enabled: false,
        events_enabled: false,
        run_scheduler: false,
        store_results: false,
        ..Default::default()
    };
    let shutdown = CancellationToken::new();
    let told = shutdown.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        terminate.recv().await;
        told.cancel();
    });
    Ok(Consumer::<String>::new(url, config).run(answer, shutdown).await?)
}

/// What bench/peers/handler.ts does: reads the JSON of a request and answers about 50 bytes, which nobody keeps.
async fn answer(job: Job<String>) -> Result<Bytes, HandlerError> {
    let data: Value = serde_json::from_str(&job.payload).map_err(HandlerError::new)?;
    black_box(json!({ "status": "done", "user": data["user"], "size": 1234, "text": "twelve bytes" }));
    Ok(Bytes::new())
}
