/** The Handler runtime, step by step: the pod, the user's module, the consumer's place, the loop. */
import type { WorkerConfig } from '../../contract/config-hash.ts';
import { keyPrefix } from '../../contract/keys.ts';
import { formatRedisAddress } from '../../contract/redis-address.ts';
import { exitCodes } from '../../contract/pod.ts';
import type { Handler, Logger, RedisLogin, WorkerInfo } from '../mod.ts';
import { guardProcess } from '../pod/guard.ts';
import type { Address } from '../pod/address.ts';
import { type HttpServer, serveHttp } from '../pod/http.ts';
import { joinSource } from '../pod/join.ts';
import { loadHandler } from '../pod/load.ts';
import { captureConsole } from '../pod/log.ts';
import type { PodSettings } from '../pod/settings.ts';
import { type Consumer, type ParseSettings, type Pod, startPod, takeConsumer } from '../pod/start.ts';
import { onStopSignal } from '../pod/stop.ts';
import { after } from '../pod/timers.ts';
import type { Connection } from '../redis/connection.ts';
import { followMaster } from '../redis/failover.ts';
import { Elsewhere } from './elsewhere.ts';
import { Executor } from './executor.ts';
import { InFlightTable } from './in-flight.ts';
import { Loop } from './loop.ts';
import type { Place } from './place.ts';
import { progressKeeper } from './progress.ts';
import { Proof } from './proof.ts';
import type { SessionContext } from './session-context.ts';
import { parseSettings, type Settings } from './settings.ts';
import { startTracing } from './tracing.ts';

/** What runs the requests of a worker. */
export interface Prepared {
  readonly handler: Handler;
  /** Done once the consumer has its place, before the first request is taken. */
  begin?(connection: Connection): Promise<void>;
  /** Done every second beside the requests. */
  beside?(connection: Connection): Promise<void>;
  /** Answers over HTTP, where the worker is called so; never throws. */
  answer?(request: Request): Promise<Response>;
  /** Done when the last request is over. */
  end?(): Promise<void>;
}

/** What any runtime that answers requests of a stream is told. */
export type RequestSettings = PodSettings & Pick<Settings, 'handler'>;

/**
 * Runs the worker named by the config hash `args[0]` until it is to end.
 * @param exit ends the process; for a signal that comes before there is anything to finish
 * @throws FatalError with the exit code for it.
 */
export async function start(args: readonly string[], exit: (code: number) => never): Promise<void> {
  await runRequests(args, exit, parseSettings, async ({ settings: { packed, source }, log }) => {
    if (packed) await joinSource(packed);
    return { handler: await loadUserCode(source, log) };
  });
}

/** The same for whatever runs the requests. @param prepare gets ready what does, once code that is not ours may be loaded */
export async function runRequests<Given extends RequestSettings>(
  args: readonly string[],
  exit: (code: number) => never,
  parse: ParseSettings<Given>,
  prepare: (pod: Pod<Given>) => Promise<Prepared>,
): Promise<void> {
  let stop = (): void => exit(exitCodes.ok);
  onStopSignal(() => stop());
  const pod = await startPod(args, parse);
  const { settings, keyLine, connect, outages, route } = pod;
  const proof = new Proof(settings.hashKey.split(':', 1)[0] ?? '', keyLine);
  const prepared = await prepare(pod);
  const consumer = await takeConsumer(pod);
  await prepared.begin?.(consumer.connections.writer);
  const context = assemble(pod, consumer, prepared, proof);
  const loop = new Loop(context, connect, outages, consumer.connections);
  const graceMs = settings.handler.graceSeconds * 1000;
  const server = listen(settings.http, prepared);
  stop = () => {
    if (server !== undefined) pod.pulse.end();
    void server?.drain(graceMs);
    loop.stop(graceMs);
  };
  const failovers = followMaster(route, () => loop.reconnect());
  const working = loop.run().finally(async () => {
    failovers.end();
    await server?.drain(graceMs);
    await prepared.end?.();
  });
  // A request that waits is answered first: this is written once the start is over.
  after(0, () => tellWork(context));
  await working;
}

function listen(address: Address | undefined, { answer }: Prepared): HttpServer | undefined {
  return address === undefined || answer === undefined ? undefined : serveHttp(address, answer);
}

function loadUserCode(source: string, log: Logger): Promise<Handler> {
  guardProcess(log);
  captureConsole(log);
  return loadHandler(source);
}

function tellWork({ log, place }: SessionContext): void {
  log.info('working', { stream: place.requestStream, group: place.settings.group, consumer: place.consumerId });
}

function assemble(
  { settings, identity, pulse, log, logWith, clock, route: { cluster } }: Pod<RequestSettings>,
  { config, secrets }: Consumer,
  { handler, beside }: Prepared,
  proof: Proof,
): SessionContext {
  const { sourceDigest } = settings;
  const place: Place = {
    ...config,
    hashKey: settings.hashKey,
    keyPrefix: keyPrefix(config.type, settings.redis.address.topology),
    settings: settings.handler,
    proof,
    ...(sourceDigest ? { sourceDigest } : {}),
  };
  const progress = new Map<string, number>();
  const inFlight = new InFlightTable(place.proof);
  const shared = {
    secrets,
    config: infoOf(config, sourceDigest),
    ...(settings.handler.opensRedis ? { redis: loginOf(settings.redis) } : {}),
    logWith,
    progress: progressKeeper(settings.handler.traces, progress),
  };
  const tracing = settings.handler.telemetry ? startTracing(Deno.telemetry, config) : undefined;
  const executor = new Executor(inFlight, handler, shared, config, settings.handler, clock, tracing);
  return {
    place,
    identity,
    inFlight,
    executor,
    pulse,
    log,
    clock,
    progress,
    ...(beside === undefined ? {} : { beside }),
    ...(cluster ? { elsewhere: new Elsewhere(cluster, settings.hashKey) } : {}),
  };
}

/** What a client of the module's own needs to do what the worker's user may do. */
function loginOf({ address, username, password, tls }: Settings['redis']): RedisLogin {
  return Object.freeze({
    url: formatRedisAddress(address),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
  });
}

function infoOf({ type, consumerId, workerVersion }: WorkerConfig, sourceDigest: string | undefined): WorkerInfo {
  return Object.freeze({
    type,
    consumerId,
    ...(workerVersion ? { workerVersion } : {}),
    ...(sourceDigest ? { sourceDigest } : {}),
  });
}
