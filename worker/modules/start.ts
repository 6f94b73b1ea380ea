/** The Modules runtime, step by step: the pod, the consumer's place, the modules as they are declared, the requests. */
import { openTelemetry, setTelemetry } from '../../broker/telemetry.ts';
import type { ModuleState } from '../../contract/modules.ts';
import { type Prepared, runRequests } from '../handler/start.ts';
import { guardProcess } from '../pod/guard.ts';
import { captureConsole } from '../pod/log.ts';
import type { Pod } from '../pod/start.ts';
import { after } from '../pod/timers.ts';
import type { Connection } from '../redis/connection.ts';
import { asReply } from './answers.ts';
import { DeclaredModules } from './declared.ts';
import { ModuleHost } from './host.ts';
import { answerHttp } from './http.ts';
import { requestedCall } from './request.ts';
import { parseSettings, type Settings } from './settings.ts';

/** MiB of the heap of a module's process, where the pod has room for that. */
const usualHeapMiB = 128;
const leastHeapMiB = 32;
/** MiB of the pod the runtime keeps for itself. */
const ownMiB = 64;
/** MiB of a module's process at rest: half of the pod is for instances that callers name. */
const processMiB = 32;

/**
 * Runs the worker named by the config hash `args[0]` until it is to end.
 * @param shared what modules import as `redisworker`
 * @param exit ends the process; for a signal that comes before there is anything to finish
 * @throws FatalError with the exit code for it
 */
export async function start(args: readonly string[], shared: URL, exit: (code: number) => never): Promise<void> {
  await runRequests(args, exit, parseSettings, (pod) => Promise.resolve(prepare(pod, shared)));
}

function prepare({ settings, log, pulse }: Pod<Settings>, shared: URL): Prepared {
  const { declared: key, states: statesKey, memoryMiB } = settings.handler;
  guardProcess(log);
  captureConsole(log);
  if (settings.handler.telemetry) setTelemetry(openTelemetry());
  const heapMiB = Math.max(leastHeapMiB, Math.min(usualHeapMiB, Math.floor((memoryMiB - ownMiB) / 2)));
  const segregated = Math.max(1, Math.floor((memoryMiB - ownMiB) / (2 * processMiB)));
  const host = new ModuleHost({ folder: settings.folder, shared, heapMiB, segregated });
  const declared = new DeclaredModules(key, log);
  const [, consumerId = ''] = settings.hashKey.split(':');
  const follow = async (connection: Connection) => {
    const found = await declared.look(connection);
    if (found === undefined) return;
    const changed = await host.apply(found);
    log.info('modules are taken over', { modules: host.names, changed });
  };
  let told: readonly ModuleState[] = [];
  return {
    handler: (request, { signal }) => {
      const { args, ...called } = requestedCall(request);
      return asReply(host.call(called, args, { signal }));
    },
    answer: answerHttp(host),
    begin: async (connection) => {
      for (; host.names.length === 0; await soon()) {
        pulse.beat();
        await follow(connection);
      }
    },
    beside: async (connection) => {
      await follow(connection);
      const states = host.states();
      if (JSON.stringify(states) === JSON.stringify(told)) return;
      await connection.command('HSET', statesKey, consumerId, JSON.stringify(states));
      told = states;
    },
    end: () => host.end(),
  };
}

/** Milliseconds between two looks whether there are modules yet. */
const lookMs = 100;

function soon(): Promise<void> {
  return new Promise((resolve) => after(lookMs, resolve));
}
