/** What a look at the scripts of a cluster shows, and what it calls for. Pure. */
import {
  failureText,
  hatsWorkerKey,
  hatsWorkerName,
  scriptKeyPrefix,
  type ScriptKind,
} from '../../../../contract/hats.ts';
import type { RedisWorkerStatus } from '../../../api/redisworker.ts';
import type { FoundScript, ScriptsView } from '../../../redis/hats-scripts.ts';
import type { Action } from '../../model/action.ts';
import { type Problem, terminal } from '../../model/problem.ts';
import { textKey, type Texts, type WorkView } from '../../model/work.ts';
import type { DeclaredScript, HatsBlueprint } from './blueprint.ts';
import { forgetStep, removeStep, writeStep } from './steps.ts';

/** The view of a worker's scripts. Its consumers are members of no group: what one leaves, the others take. */
export function hatsView(view: ScriptsView, work: HatsBlueprint): WorkView {
  const declared = new Map(work.scripts.map((script) => [script.key, script]));
  return {
    members: [],
    demand: {
      waiting: 0,
      taken: 0,
      busy: [],
      nextAttempt: undefined,
      lastAsked: undefined,
      comes: { stream: work.responses, after: '0-0' },
    },
    owner: undefined,
    problems: view.own.filter(({ key }) => declared.has(key)).flatMap((found) => problemOf(found, work)),
    status: { hats: statusOf(view, work) },
    isIdle: true,
    start: (texts) => view.own.flatMap((found) => changeOf(found, declared.get(found.key), work, texts)),
    leave: ({ id, why }) => [forgetStep(hatsWorkerKey(work.cluster, hatsWorkerName(work.type, id)), why)],
    end: (policy) => [
      ...view.own.map(({ key }) => removeStep(key, policy === 'Delete' ? 'delete' : 'keep', 'WorkerDeleted')),
      forgetStep(work.found, 'WorkerDeleted'),
    ],
  };
}

/** Neither a script that is to be written nor one that is to go may be another manifest's. */
function problemOf({ key, fields, isWrongType }: FoundScript, work: HatsBlueprint): Problem[] {
  if (isWrongType) {
    return [terminal('WrongRedisType', `key "${key}" is not a hash: delete it, or give the script another name`)];
  }
  const owner = fields?.['resource'];
  if (owner === undefined || owner === '' || isOurs(owner, work)) return [];
  return [
    terminal(
      'HashConflict',
      `the script "${key}" belongs to ${owner}: give this one another name or hats.cluster, or delete that worker`,
    ),
  ];
}

/** An owner of our own name is what this worker was before it was made anew. */
function isOurs(owner: string, { resource }: HatsBlueprint): boolean {
  const nameOf = (text: string) => text.slice(0, text.lastIndexOf('/'));
  return nameOf(owner) === nameOf(resource);
}

function changeOf(
  { key, fields }: FoundScript,
  script: DeclaredScript | undefined,
  work: HatsBlueprint,
  texts: Texts,
): Action[] {
  if (script === undefined) return [removeStep(key, 'delete', 'ScriptUnwanted')];
  const { inline, configMap } = script.source;
  const source = inline ?? (configMap && texts.get(textKey({ configMap }))?.text) ?? '';
  const wanted: Record<string, string> = { Source: source, ...script.fields };
  const owner = fields?.['resource'];
  const isCurrent = fields !== undefined && owner === work.resource &&
    Object.entries(wanted).every(([name, value]) => (fields[name] ?? '') === value);
  if (isCurrent) return [];
  const replaces = owner !== undefined && owner !== '' && owner !== work.resource ? owner : undefined;
  return [writeStep(key, wanted, replaces, fields === undefined ? 'ScriptMissing' : 'ScriptDrifted')];
}

/** Scripts that failed are told one by one, as far as there is room. */
const mostRows = 20;
const mostErrorLength = 1000;

function statusOf({ own, found }: ScriptsView, { cluster }: HatsBlueprint): NonNullable<RedisWorkerStatus['hats']> {
  const all = [...new Map([...found, ...own].map((script) => [script.key, script])).values()].filter(({ fields }) =>
    fields
  );
  const ofKind = (kind: ScriptKind) => all.filter(({ key }) => key.startsWith(scriptKeyPrefix(cluster, kind)));
  const failed = (script: FoundScript) =>
    script.fields?.['State'] === 'crashed' ||
    (script.key.startsWith(scriptKeyPrefix(cluster, 'Endpoints')) && isFailing(script));
  const crashed = all.filter(failed).sort((
    one,
    other,
  ) => (one.key < other.key ? -1 : 1));
  return {
    threads: countsOf(ofKind('Threads')),
    jobs: countsOf(ofKind('Jobs')),
    endpoints: endpointCounts(ofKind('Endpoints')),
    crashed: crashed.slice(0, mostRows).map(({ key, fields }) => ({
      key,
      error: failureText({ error: fields?.['Error'] ?? '', at: fields?.['ErrorAt'] }).slice(0, mostErrorLength),
      ...(fields?.['ErrorTime'] ? { time: fields['ErrorTime'].slice(0, 40) } : {}),
    })),
  };
}

/** Nobody holds an endpoint: it is asked for, or not, and failed the last time, or did not. */
function endpointCounts(endpoints: readonly FoundScript[]) {
  const disabled = endpoints.filter(({ fields }) => fields?.['Status'] === 'disabled').length;
  const failing = endpoints.filter(isFailing).length;
  return { enabled: endpoints.length - disabled, disabled, failing };
}

function isFailing({ fields }: FoundScript): boolean {
  return fields?.['Status'] !== 'disabled' && (fields?.['Error'] ?? '') !== '';
}

function countsOf(scripts: readonly FoundScript[]) {
  const count = (holds: (state: string | undefined, status: string | undefined) => boolean) =>
    scripts.filter(({ fields }) => holds(fields?.['State'], fields?.['Status'])).length;
  return {
    running: count((state) => state === 'running'),
    stopped: count((state, status) => state !== 'running' && state !== 'crashed' && status !== 'disabled'),
    disabled: count((state, status) => state !== 'running' && state !== 'crashed' && status === 'disabled'),
    crashed: count((state) => state === 'crashed'),
  };
}
