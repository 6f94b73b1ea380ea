/** From settings to a running loop, step by step. */
import { decodeConfigHash, type WorkerConfig } from '../../contract/config-hash.ts';
import { exitCodes } from '../../contract/pod.ts';
import { decodeKeyLine, decryptSecret } from '../../contract/secrets.ts';
import { type Connection, connectRedis } from '../redis/connection.ts';
import { type Connect, connectPair, type Pair } from '../redis/connection-pair.ts';
import { InFlightTable } from './in-flight.ts';
import { type Clock, Executor } from './executor.ts';
import { FatalError, messageOf } from '../pod/fatal.ts';
import { PreviousConnections } from '../redis/previous-connections.ts';
import { passGate } from '../pod/gate/pass.ts';
import { Pulse, serveHealth } from '../pod/health.ts';
import { type Identity, leavePlace, takePlace, type Taking } from '../pod/identity.ts';
import { guardProcess, loadHandler } from '../pod/load.ts';
import { captureConsole, createLog } from '../pod/log.ts';
import { Loop } from './loop.ts';
import type { Handler, Logger, WorkerInfo } from '../mod.ts';
import { Outages } from '../pod/outage.ts';
import type { Place } from './place.ts';
import type { SessionContext } from './session.ts';
import { readSettings, type Settings } from '../pod/settings.ts';
import { after, pause } from '../pod/timers.ts';

const clock: Clock = { now: Date.now, random: Math.random };
const waitingPollMs = 500;

/**
 * Runs the worker named by the config hash `args[0]` until it is to end.
 * @param exit ends the process; for a signal that comes before there is anything to finish
 * @throws FatalError with the exit code for it.
 */
export async function start(args: readonly string[], exit: (code: number) => never): Promise<void> {
  let stop = (): void => exit(exitCodes.ok);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) Deno.addSignalListener(signal, () => stop());
  const settings = await readSettings(args);
  const log = createLog(signature(settings));
  const pulse = new Pulse(clock.now);
  if (settings.health) serveHealth(settings.health, pulse);
  const gate = await passGate(settings.gate, log);
  const handler = await loadUserCode(settings, log);
  const outages = new Outages(log, clock.random);
  const connect: Connect = () => connectRedis({ ...settings.redis, name: `redisworker:${settings.hashKey}` }, 'bytes');
  const identity = { pid: String(Deno.pid), owner: settings.owner, ...(gate ? { gate } : {}) };
  const { fields, connections } = await waitForPlace(settings.hashKey, identity, { connect, outages, pulse, log });
  const context = await assemble(settings, fields, handler, { identity, pulse, log })
    .catch((error: unknown) => giveBack(error, connections.writer, settings.hashKey, identity));
  const loop = new Loop(context, connect, outages, connections);
  stop = () => loop.stop(settings.handler.graceSeconds * 1000);
  const working = loop.run();
  // A request that waits is answered first: this is written once the start is over.
  after(
    0,
    () =>
      log.info('working', {
        stream: context.place.requestStream,
        group: settings.handler.group,
        consumer: context.place.consumerId,
      }),
  );
  await working;
}

function loadUserCode(settings: Settings, log: Logger): Promise<Handler> {
  guardProcess(log);
  captureConsole(log);
  return loadHandler(settings.source);
}

/** Fields of every log line. */
function signature({ hashKey, podName }: Settings): Readonly<Record<string, unknown>> {
  return { worker: hashKey, ...(podName ? { pod: podName } : {}) };
}

type Obstacle = Exclude<Taking, { kind: 'taken' }>;

interface Waiting {
  readonly connect: Connect;
  readonly outages: Outages;
  readonly pulse: Pulse;
  readonly log: Logger;
}

/** A place that was taken: the fields of its hash, and the connections it was taken over, which serve on. */
interface TakenPlace {
  readonly fields: Readonly<Record<string, string>>;
  readonly connections: Pair;
}

/** Takes the consumer's place, once Redis answers, its config hash is there and no other pod holds it. */
function waitForPlace(hashKey: string, me: Identity, { connect, outages, pulse, log }: Waiting): Promise<TakenPlace> {
  let told = '';
  return outages.ride(async () => {
    pulse.beat();
    const connections = await connectPair(connect);
    try {
      for (;;) {
        const taking = await takePlace(connections.writer, hashKey, me);
        if (taking.kind === 'taken') return { fields: taking.fields, connections };
        outages.over();
        pulse.beat();
        if (told !== taking.kind) tellObstacle(taking, hashKey, log);
        told = taking.kind;
        await pause(waitingPollMs);
      }
    } catch (error) {
      connections.reader.close();
      connections.writer.close();
      throw error;
    }
  });
}

/** Nothing this process could do helps: it waits, and says once for what. */
function tellObstacle(taking: Obstacle, hashKey: string, log: Logger): void {
  if (taking.kind === 'noHash') {
    log.warn(
      `the config hash ${hashKey} does not exist; waiting until the operator writes it, see the conditions of the RedisWorker`,
    );
  } else {log.warn('another pod holds this consumer; waiting until its pid is removed from the config hash', {
      pid: taking.by.pid,
      owner: taking.by.owner,
    });}
}

interface Circumstances {
  readonly identity: Identity;
  readonly pulse: Pulse;
  readonly log: Logger;
}

async function assemble(
  settings: Settings,
  fields: Readonly<Record<string, string>>,
  handler: Handler,
  { identity, pulse, log }: Circumstances,
): Promise<SessionContext> {
  const config = decodeConfig(fields, settings.hashKey);
  const { sourceDigest } = settings;
  const place: Place = {
    ...config,
    hashKey: settings.hashKey,
    settings: settings.handler,
    ...(sourceDigest ? { sourceDigest } : {}),
  };
  const progress = new Map<string, number>();
  const inFlight = new InFlightTable();
  const shared = {
    secrets: await openSecret(config, settings),
    config: infoOf(config, sourceDigest),
    logWith: (more: Readonly<Record<string, unknown>>) => createLog({ ...signature(settings), ...more }),
    progress: (ref: string, percent: number) => void progress.set(ref, percent),
  };
  const executor = new Executor(inFlight, handler, shared, config, settings.handler, clock);
  return {
    place,
    identity,
    inFlight,
    executor,
    pulse,
    log,
    clock,
    progress,
    previousConnections: new PreviousConnections(),
  };
}

function decodeConfig(fields: Readonly<Record<string, string>>, hashKey: string): WorkerConfig {
  try {
    return decodeConfigHash(fields);
  } catch (cause) {
    throw new FatalError('badConfig', `the config hash ${hashKey} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The decrypted secret without the type it was made for. No message of a failure repeats any of it. */
async function openSecret(
  { secret, type }: WorkerConfig,
  { keyLine, hashKey }: Settings,
): Promise<Readonly<Record<string, unknown>>> {
  if (secret === undefined) return Object.freeze({});
  if (keyLine === undefined) {
    throw new FatalError(
      'badConfig',
      `the config hash ${hashKey} carries a secret and there is no key for it; give the key line on stdin or in the file WORKER_KEY_FILE names`,
    );
  }
  try {
    const { type: _madeFor, ...secrets } = await decryptSecret(type, secret, decodeKeyLine(keyLine));
    return Object.freeze(secrets);
  } catch (cause) {
    throw new FatalError('badConfig', `the secret of ${hashKey} cannot be opened: ${messageOf(cause)}`);
  }
}

function infoOf({ type, consumerId, workerVersion }: WorkerConfig, sourceDigest: string | undefined): WorkerInfo {
  return Object.freeze({
    type,
    consumerId,
    ...(workerVersion ? { workerVersion } : {}),
    ...(sourceDigest ? { sourceDigest } : {}),
  });
}

/** Leaves the place again, if Redis lets us, before the process ends over its configuration. */
async function giveBack(error: unknown, connection: Connection, hashKey: string, identity: Identity): Promise<never> {
  await leavePlace(connection, hashKey, identity).catch(() => {}); // the error at hand is the one to tell
  throw error;
}
