/** The Rhai runtime, step by step: the pod, the engine and the prelude, the consumer's place, the loop. */
import { exitCodes, type TaskSettings } from '../../contract/pod.ts';
import { guardProcess } from '../pod/guard.ts';
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { tellEnd } from '../pod/last-words.ts';
import { type Consumer, type Pod, startPod, takeConsumer } from '../pod/start.ts';
import { onStopSignal } from '../pod/stop.ts';
import { followMaster } from '../redis/failover.ts';
import { Abilities } from './abilities.ts';
import { type Ability, compileEngine } from './engine.ts';
import { Hands } from './hands.ts';
import { Loop } from './loop.ts';
import { type Place, placeOf } from './place.ts';
import { parseSettings, type Settings } from './settings.ts';
import { Threads } from './threads.ts';

/** Where the parts of this runtime are that are no module of the entry. */
export interface Parts {
  readonly engine: URL;
  readonly thread: URL;
}

/**
 * Runs the worker named by the config hash `args[0]` until it is to end.
 * @param exit ends the process; for a signal that comes before there is anything to finish
 * @throws FatalError with the exit code for it.
 */
export async function start(args: readonly string[], parts: Parts, exit: (code: number) => never): Promise<void> {
  let stop = (): void => exit(exitCodes.ok);
  onStopSignal(() => stop());
  const pod = await startPod(args, parseSettings);
  const { settings, log } = pod;
  guardProcess(log);
  let fail = (error: Error): void => exit(tellEnd(error));
  const threads = await openThreads(pod, parts, (error) => fail(error));
  const consumer = await takeConsumer(pod);
  const place = placeOf(consumer.config, settings.hashKey, settings.tasks);
  const loop = assemble(pod, consumer, place, threads);
  fail = (error) => loop.fail(error);
  stop = () => loop.stop(settings.tasks.graceSeconds * 1000);
  const failovers = followMaster(pod.route, () => loop.reconnect());
  const working = loop.run().finally(() => failovers.end());
  log.info('working', { queue: settings.tasks.queue, consumer: place.consumerId });
  await working;
}

async function openThreads({ settings, clock }: Pod<Settings>, parts: Parts, broken: (error: Error) => void) {
  const { tasks, prelude } = settings;
  const { maxOperations, maxMemoryMiB, maxCallLevels, circlePublicKey } = tasks;
  const module = await compileEngine(await Deno.readFile(parts.engine)).catch((cause: unknown) => {
    throw new FatalError('failed', `the Rhai engine cannot be loaded: ${messageOf(cause)}`, { cause });
  });
  const threads = new Threads(
    {
      url: parts.thread,
      module,
      engine: {
        maxOperations,
        maxMemoryMiB,
        maxCallLevels,
        abilities: allowedBy(tasks),
        contextId: circlePublicKey,
        prelude: prelude === undefined ? '' : await Deno.readTextFile(prelude),
      },
      timeoutMs: tasks.timeoutSeconds * 1000,
      now: clock.monotonic,
    },
    tasks.concurrency,
    broken,
  );
  await threads.start();
  return threads;
}

function assemble(pod: Pod<Settings>, { connections }: Consumer, place: Place, threads: Threads): Loop {
  const { identity, log, pulse, clock, connect, outages } = pod;
  const abilities = new Abilities({ place, log, connect });
  return new Loop({
    place,
    identity,
    hands: new Hands(),
    threads,
    pulse,
    log,
    clock,
    connect,
    outages,
    opened: connections,
    asked: ({ id }) => abilities.of(id),
  });
}

function allowedBy({ redisKeys, http, progress }: TaskSettings): Ability[] {
  return [
    ...(redisKeys.length > 0 ? ['redis'] as const : []),
    ...(http ? ['http'] as const : []),
    ...(progress ? ['progress'] as const : []),
  ];
}
