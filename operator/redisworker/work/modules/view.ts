/** What a look at the modules of a worker shows, and what it calls for. Pure. */
import {
  type DeclaredModule,
  decodeStates,
  maxModuleReason,
  modulesDigestField,
  type ModuleState,
} from '../../../../contract/modules.ts';
import type { RedisWorkerStatus } from '../../../api/redisworker.ts';
import type { ModulesView } from '../../../redis/modules.ts';
import type { Action } from '../../model/action.ts';
import { digest as digestOf } from '../../model/names.ts';
import { textKey, type Texts, type WorkView } from '../../model/work.ts';
import type { ModulesBlueprint, SpecModule } from './blueprint.ts';
import { declareStep, forgetStatesStep, removeModulesStep } from './steps.ts';

type ModuleRow = NonNullable<RedisWorkerStatus['modules']>[number];

/** The view of the requests with the modules that answer them. */
export function modulesView(requests: WorkView, found: ModulesView, work: ModulesBlueprint): WorkView {
  return {
    ...requests,
    status: { ...requests.status, modules: rowsOf(work, found) },
    start: (texts) => [...(isAnothers(requests, work) ? [] : declare(work, found, texts)), ...requests.start(texts)],
    leave: (leaving) => [
      ...requests.leave(leaving),
      ...(found.states.has(leaving.id) ? [forgetStatesStep(leaving.id, leaving.why)] : []),
    ],
    end: (policy) => [
      ...requests.end(policy),
      ...(requests.owner === work.resource && found.isThere ? [removeModulesStep('WorkerDeleted')] : []),
    ],
  };
}

/** An owner of our own name is what this worker was before it was made anew. */
function isAnothers({ owner }: WorkView, { resource }: ModulesBlueprint): boolean {
  const nameOf = (text: string) => text.slice(0, text.lastIndexOf('/'));
  return owner !== undefined && nameOf(owner) !== nameOf(resource);
}

function declare({ modules }: ModulesBlueprint, { declared }: ModulesView, texts: Texts): Action[] {
  const wanted = new Map(modules.map((module) => [module.name, JSON.stringify(withText(module, texts))]));
  const digest = digestOf(JSON.stringify([...wanted].sort()), 16);
  const changed = [...wanted].filter(([name, json]) => declared[name] !== json);
  const removes = Object.keys(declared).filter((name) => name !== modulesDigestField && !wanted.has(name));
  if (changed.length === 0 && removes.length === 0 && declared[modulesDigestField] === digest) return [];
  const fields = { ...Object.fromEntries(changed), [modulesDigestField]: digest };
  const why = declared[modulesDigestField] === undefined ? 'ModulesMissing' : 'ModulesDrifted';
  return [declareStep(fields, removes, changed.map(([name]) => name), why)];
}

function withText({ source: { inline, ...source }, declared }: SpecModule, texts: Texts): DeclaredModule {
  const { text, bundle } = texts.get(textKey(source)) ?? { text: '' };
  return { source: inline ?? text, ...(bundle === undefined ? {} : { bundle }), ...declared };
}

/** One row per module, over all consumers. */
function rowsOf({ modules }: ModulesBlueprint, { states }: ModulesView): ModuleRow[] {
  const all = [...states.values()].flatMap(decodeStates);
  return modules.map(({ name }) => rowOf(name, all.filter((state) => state.name === name)));
}

function rowOf(name: string, told: readonly ModuleState[]): ModuleRow {
  const sum = (of: (state: ModuleState) => number) => told.reduce((so, state) => so + of(state), 0);
  const isIn = (state: ModuleState['state']) => told.some((one) => one.state === state);
  const reason = told.find((one) => one.reason !== undefined)?.reason?.slice(0, maxModuleReason);
  const memoryMiB = sum((one) => one.memoryMiB ?? 0);
  return {
    name,
    state: isIn('Failing') ? 'Failing' : isIn('Running') ? 'Running' : 'Idle',
    calls: sum(({ calls }) => calls),
    errors: sum(({ errors }) => errors),
    restarts: sum(({ restarts }) => restarts),
    ...(memoryMiB > 0 ? { memoryMiB } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}
