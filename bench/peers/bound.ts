/**
 * What the server can do: the commands the runtime sends, all encoded beforehand, replies counted by their line ends.
 * `deno run -A bound.ts <port> <type> <consumer id> <count> <requests per transaction> <settings> [<user> <password>]`; prints
 * "ready" once all is encoded, then waits for SIGUSR2; ends by SIGTERM.
 */
import { decodeConfigHash } from '../../contract/config-hash.ts';
import { configHashKey, requestStreamKey } from '../../contract/keys.ts';
import { CommitEncoder } from '../../worker/handler/commit-commands.ts';
import { connectServer } from '../../worker/redis/connection.ts';
import { type Held, InFlightTable } from '../../worker/handler/in-flight.ts';
import { type Bulk, decodeEntry, headOf, valueOf } from '../../worker/handler/entry.ts';
import { textOf } from '../../worker/redis/replies.ts';
import { decide } from '../../worker/handler/outcome.ts';
import { probeFeatures } from '../../worker/handler/server-features.ts';
import type { Place } from '../../worker/handler/place.ts';
import { Proof } from '../../worker/handler/proof.ts';
import { encodeCommands } from '../../worker/redis/commands.ts';
import { parseRedisAddress } from '../../contract/redis-address.ts';
import type { Reply } from '../../worker/redis/resp.ts';
import { parseHandlerSettings } from '../../worker/handler/settings.ts';
import handle from './handler.ts';

const [port = '', type = '', consumer = '', count = '', batch = '', settings = '', ...login] = Deno.args;
const batchSize = Number(batch);
/** Batches on the wire; enough that the server never waits. */
const depth = 6;

let answered = 0;
let wake = (): void => {};

const address = parseRedisAddress(`redis://127.0.0.1:${port}`);
const redis = await connectServer({ address, name: 'bound' }, address.hosts[0], 'bytes');
const hashKey = configHashKey(type, consumer);
const place: Place = {
  ...decodeConfigHash(await hashFields(hashKey)),
  hashKey,
  settings: parseHandlerSettings(settings, type),
  keyPrefix: type,
  proof: new Proof(type, undefined),
};
const identity = { pid: String(Deno.pid), owner: 'bound' };
await redis.command('HSET', hashKey, 'pid', identity.pid, 'owner', identity.owner);
const { traceExpiry } = await probeFeatures(redis, place, identity);
const encoder = new CommitEncoder(place, identity, traceExpiry);
const batches = await encodeAll();
redis.close();

const conn = await Deno.connect({ hostname: '127.0.0.1', port: Number(port) });
if (login.length > 0) {
  await conn.write(encodeCommands(['AUTH', ...login]));
  await conn.read(new Uint8Array(64));
}
const told = new Promise<void>((resolve) => Deno.addSignalListener('SIGUSR2', resolve));
console.log('ready');
await told;
await Promise.all([send(), receive()]);
conn.close();
setInterval(() => {}, 60_000); // until it is ended: what it took is read from a living process

/** Bytes of a batch, and the line ends its replies have. */
interface Batch {
  readonly bytes: Uint8Array;
  readonly lineEnds: number;
}

async function send(): Promise<void> {
  for (const [index, batch] of batches.entries()) {
    while (index - answered >= depth) await new Promise<void>((resolve) => (wake = resolve));
    for (let at = 0; at < batch.bytes.length;) at += await conn.write(batch.bytes.subarray(at));
  }
}

async function receive(): Promise<void> {
  const chunk = new Uint8Array(256 * 1024);
  for (let missing = batches[0]?.lineEnds ?? 0; answered < batches.length;) {
    const length = await conn.read(chunk);
    if (length === null) throw new Error('Redis closed the connection');
    for (let at = 0; at < length; at++) if (chunk[at] === 0x0a) missing--;
    while (missing <= 0 && answered < batches.length) missing += batches[++answered]?.lineEnds ?? 1;
    wake();
  }
}

async function encodeAll(): Promise<Batch[]> {
  const all: Batch[] = [];
  for (let start = '-'; all.length * batchSize < Number(count);) {
    const entries = await redis.command('XRANGE', requestStreamKey(type), start, '+', 'COUNT', batchSize) as Reply[];
    const held = entries.map(finished);
    start = `(${held.at(-1)?.entry.id}`;
    all.push(encodeBatch(held));
  }
  return all;
}

function encodeBatch(held: readonly Held[]): Batch {
  const read = encodeCommands([
    'XREADGROUP',
    'GROUP',
    place.settings.group,
    consumer,
    'COUNT',
    batchSize,
    'BLOCK',
    2000,
    'STREAMS',
    place.requestStream,
    '>',
  ]);
  const commit = encoder.encode(held);
  const bytes = new Uint8Array(read.length + commit.bytes.length);
  bytes.set(read);
  bytes.set(commit.bytes, read.length);
  // An entry: 2 headers and the id's line around 3 fields of 4 lines each. Queued commands: one line each, twice but for MULTI.
  const lines = 5 + held.length * (2 + 2 + 3 * 4);
  return { bytes, lineEnds: lines + commitLines(commit.bytes, commit.replyCount) };
}

/** The guard's two, MULTI, QUEUED per command, the header of EXEC, its replies (an id of XADD has two lines), two fields of HMGET. */
function commitLines(bytes: Uint8Array, replyCount: number): number {
  const queued = replyCount - 5;
  return 2 + 1 + queued + 1 + queued + responsesIn(bytes) + 5;
}

/** Responses a transaction writes, which its settings decide on. */
function responsesIn(bytes: Uint8Array): number {
  return new TextDecoder().decode(bytes).split('\r\nXADD\r\n').length - 1;
}

function finished(reply: Reply): Held {
  const [id, flat] = reply as [Reply, Bulk[]];
  const entry = decodeEntry(textOf(id), flat);
  const { ref = '' } = headOf(entry);
  const nowMs = Date.now();
  const value = handle({ data: JSON.parse(textOf(valueOf(entry, 'data'))) as unknown });
  const answerer = { ref, source: type, time: new Date(nowMs).toISOString() };
  const outcome = decide({ kind: 'returned', value }, answerer, {
    attempt: 1,
    policy: place.settings,
    nowMs,
    random: 0,
  });
  const inFlight = new InFlightTable(place.proof);
  const held = inFlight.add(entry, 1, nowMs) as Held;
  inFlight.start();
  Object.assign(held, { ref, startedMs: nowMs });
  inFlight.finish(held, outcome, nowMs);
  return held;
}

async function hashFields(key: string): Promise<Record<string, string>> {
  const flat = (await redis.command('HGETALL', key) as Reply[]).map(textOf);
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
