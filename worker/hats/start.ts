/** The Hats runtime, step by step: the pod, the consumer's place, its part in the cluster of scripts. */
import { hatsWorkerName } from '../../contract/hats.ts';
import { exitCodes } from '../../contract/pod.ts';
import { type HttpServer, serveHttp } from '../pod/http.ts';
import { leavePlace } from '../pod/identity.ts';
import { isOutage } from '../pod/outage.ts';
import { type Consumer, type Pod, startPod, takeConsumer } from '../pod/start.ts';
import { onStopSignal } from '../pod/stop.ts';
import type { Connection } from '../redis/connection.ts';
import { followMaster } from '../redis/failover.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import { Environment, type Host } from './host.ts';
import { ClusterMember } from './member.ts';
import { followKeys } from './news.ts';
import { Outside } from './outside.ts';
import { RedisCalls } from './redis-calls.ts';
import { Results } from './results.ts';
import { parseSettings, type Settings } from './settings.ts';
import { Store } from './store.ts';
import { VmPool } from './vm-pool.ts';
import { closedButPackages, closedProcess } from './vm-process.ts';

/** What answers of databases may take. */
const databaseHeap = ['--v8-flags=--max-old-space-size=128'];

/** Processes that answer requests: so many are kept, and so many there are at most. */
const forRequests = { kept: 4, most: 16 };

/** Milliseconds of the grace that are kept for telling Redis what ended. */
const lastWordsMs = 1000;

/**
 * Runs the worker named by the config hash `args[0]` until it is to end.
 * @param root where the programs of this runtime lie
 * @param exit ends the process; for a signal that comes before there is anything to finish
 * @throws FatalError with the exit code for it
 */
export async function start(args: readonly string[], root: string, exit: (code: number) => never): Promise<void> {
  let stop = (): void => exit(exitCodes.ok);
  onStopSignal(() => stop());
  const pod = await startPod(args, parseSettings);
  const consumer = await takeConsumer(pod);
  const stopping = new AbortController();
  stop = () => {
    pod.pulse.end();
    stopping.abort();
  };
  const host = assemble(pod, consumer, root, () => stop());
  const member = new ClusterMember(
    host,
    { hashKey: pod.settings.hashKey, foundKey: pod.settings.hats.found },
    pod.identity,
  );
  const { cluster, name } = host.store.member;
  pod.log.info('working', { cluster, name });
  const answering = new VmPool(new URL('hats-vm.js', root), forRequests);
  const endpoints = new Endpoints(host, answering, stopping.signal);
  const server = pod.settings.http && serveHttp(pod.settings.http, (request) => endpoints.answer(request));
  try {
    await work(pod, consumer, { host, member, server, stopping: stopping.signal });
  } finally {
    server?.close();
    answering.close();
    host.pool.close();
    host.outside.close();
    host.databases.close();
    host.redis.close();
  }
}

function assemble(
  { settings, log, logWith, clock, route }: Pod<Settings>,
  { config }: Consumer,
  root: string,
  shutdown: () => void,
): Host {
  const { cluster, net } = settings.hats;
  const store = new Store({ cluster, name: hatsWorkerName(config.type, config.consumerId) });
  return {
    store,
    redis: new RedisCalls(() => route.connect('text')),
    outside: new Outside(new URL('hats-outside.js', root), [...closedProcess, ...net]),
    databases: new Outside(new URL('hats-sql.js', root), [...closedButPackages, ...databaseHeap, ...net]),
    environment: new Environment(),
    pool: new VmPool(new URL('hats-vm.js', root)),
    results: new Results(store, config),
    logWith,
    monotonic: clock.monotonic,
    shutdown: () => {
      log.warn('a script has called worker.Shutdown()');
      shutdown();
    },
  };
}

interface Working {
  readonly host: Host;
  readonly member: ClusterMember;
  /** Where it answers over HTTP; undefined: nowhere. */
  readonly server: HttpServer | undefined;
  readonly stopping: AbortSignal;
}

/** Lets what runs come to its end. */
async function leave({ member, server }: Working, withinMs: number): Promise<void> {
  await Promise.all([member.leave(withinMs), server?.drain(withinMs)]);
}

/** In the cluster until it is to stop; connections come and go meanwhile. */
async function work(pod: Pod<Settings>, { connections }: Consumer, working: Working): Promise<void> {
  const { host, member, stopping } = working;
  const { settings, outages, identity, route } = pod;
  connections.reader.close();
  connections.writer.close();
  const over = new AbortController();
  const watching = member.watch(over.signal);
  let reconnect = (): void => {};
  const failovers = followMaster(route, () => reconnect());
  try {
    const graceMs = Math.max(settings.hats.graceSeconds * 1000 - lastWordsMs, 200);
    let left: Promise<void> | undefined;
    while (left === undefined) {
      try {
        await inSession(pod, working, (end) => (reconnect = end), async (connection) => {
          await (left = leave(working, graceMs));
          await leavePlace(connection, settings.hashKey, identity);
        });
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (stopping.aborted) left ??= leave(working, 0);
        await outages.wait(error, stopping);
      }
    }
    await left;
  } finally {
    over.abort();
    failovers.end();
    host.store.connection = undefined;
    await watching;
  }
}

/** One time between connecting and losing the connection, or the wish to stop; then `last` has its say. */
async function inSession(
  { route, log, outages, pulse }: Pod<Settings>,
  { host, member, stopping }: Working,
  setEnd: (end: () => void) => void,
  last: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await route.connect('text');
  const lost = new AbortController();
  setEnd(() => connection.close());
  const until = AbortSignal.any([stopping, lost.signal]);
  host.store.connection = connection;
  try {
    const news = await followKeys(route, connection, member.prefixes, (keys) => {
      if (keys) member.changed(keys);
      else void member.searchAgain().catch(() => lost.abort());
    });
    if (!news) log.warn('Redis does not tell of changes: scripts are searched for every second');
    void news?.lost.then(() => lost.abort());
    outages.over();
    pulse.reading = true;
    await member.stayIn(news !== undefined, until, () => pulse.beat());
    if (stopping.aborted) await last(connection);
    news?.close();
  } finally {
    pulse.reading = false;
    connection.close();
  }
}
