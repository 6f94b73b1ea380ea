/** The Rhai runtime, step by step: the pod, the engine and the prelude, the consumer's place, the loop. */
import { exitCodes, type TaskSettings } from '../../contract/pod.ts';
import { guardProcess } from '../pod/guard.ts';
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { type Consumer, type Pod, startPod, takeConsumer } from '../pod/start.ts';
import { onStopSignal } from '../pod/stop.ts';
import { followMaster } from '../redis/failover.ts';
import { Abilities } from './abilities.ts';
import { type Ability, compileEngine } from './engine.ts';
import { Engines } from './engines.ts';
import { Hands } from './hands.ts';
import { Loop } from './loop.ts';
import { type Place, placeOf } from './place.ts';
import { parseSettings, type Settings } from './settings.ts';
import { Turns } from './turns.ts';

/**
 * Runs the worker named by the config hash `args[0]` until it is to end.
 * @param exit ends the process; for a signal that comes before there is anything to finish
 * @throws FatalError with the exit code for it.
 */
export async function start(args: readonly string[], engine: URL, exit: (code: number) => never): Promise<void> {
  let stop = (): void => exit(exitCodes.ok);
  onStopSignal(() => stop());
  const compiled = compiledFrom(engine); // beside all that follows
  const pod = await startPod(args, parseSettings);
  const { settings, log } = pod;
  guardProcess(log);
  const engines = await openEngines(pod, compiled);
  const consumer = await takeConsumer(pod);
  const place = placeOf(consumer.config, settings.hashKey, settings.tasks);
  const loop = assemble(pod, consumer, place, engines);
  stop = () => loop.stop(settings.tasks.graceSeconds * 1000);
  const failovers = followMaster(pod.route, () => loop.reconnect());
  const working = loop.run().finally(() => failovers.end());
  log.info('working', { queue: settings.tasks.queue, consumer: place.consumerId });
  await working;
}

/** @throws FatalError, to whoever waits for it */
function compiledFrom(engine: URL): Promise<WebAssembly.Module> {
  const compiled = loaded(engine).catch((cause: unknown) => {
    throw new FatalError('failed', `the Rhai engine cannot be loaded: ${messageOf(cause)}`, { cause });
  });
  compiled.catch(() => {}); // whoever ends before has an error of its own
  return compiled;
}

async function loaded(engine: URL): Promise<WebAssembly.Module> {
  const bytes = await Deno.readFile(engine);
  const module = await compileEngine(bytes);
  bytes.buffer.transfer(0); // the module has a copy of its own, and nobody collects garbage in a process at rest
  return module;
}

async function openEngines({ settings, clock }: Pod<Settings>, compiled: Promise<WebAssembly.Module>) {
  const { tasks, prelude } = settings;
  const { maxOperations, maxMemoryMiB, maxCallLevels, circlePublicKey } = tasks;
  const before = prelude === undefined ? '' : await Deno.readTextFile(prelude);
  return new Engines(
    {
      module: await compiled,
      engine: {
        maxOperations,
        maxMemoryMiB,
        maxCallLevels,
        abilities: allowedBy(tasks),
        contextId: circlePublicKey,
        prelude: before,
      },
      timeoutMs: tasks.timeoutSeconds * 1000,
      turns: new Turns(clock.monotonic),
      now: clock.monotonic,
    },
    tasks.concurrency,
  );
}

function assemble(pod: Pod<Settings>, { connections }: Consumer, place: Place, engines: Engines): Loop {
  const { identity, log, pulse, clock, connect, outages } = pod;
  const { redisKeys, details } = place.tasks;
  const abilities = new Abilities({ redisKeys, details, log, connect });
  return new Loop({
    place,
    identity,
    hands: new Hands(),
    engines,
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
