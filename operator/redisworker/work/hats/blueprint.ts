/** What the spec says of the scripts of a cluster, resolved. Pure. */
import { resourceOf } from '../../../../contract/config-hash.ts';
import {
  durationNs,
  endpointKey,
  foundScriptsKey,
  type HatsSettings,
  manifestScriptsKey,
  scriptKey,
} from '../../../../contract/hats.ts';
import { requestStreamKey, responseStreamKey } from '../../../../contract/keys.ts';
import { defaultResponseStreamLimit } from '../../../../contract/limits.ts';
import type { RedisWorker, RedisWorkerSpec } from '../../../api/redisworker.ts';
import { counted } from '../../../counted.ts';
import type { WorkBlueprint, WorkSurroundings } from '../../model/work.ts';
import { denoDenyFlag, denoNetFlag } from '../../network/allow-net/deno-flags.ts';

/** A script as the manifest declares it. */
export interface DeclaredScript {
  readonly key: string;
  readonly source: { readonly inline?: string; readonly configMap?: { readonly name: string; readonly key: string } };
  /** What its hash says beside the source. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The scripts of a cluster. */
export interface HatsBlueprint extends WorkBlueprint {
  readonly kind: 'hats';
  readonly settings: HatsSettings;
  readonly type: string;
  readonly cluster: string;
  readonly scripts: readonly DeclaredScript[];
  readonly written: string;
  readonly found: string;
  /** Whose they are: `<namespace>/<name>/<uid>`. */
  readonly resource: string;
}

type Hats = NonNullable<RedisWorkerSpec['hats']>;

/** The scripts of a worker. */
export function hatsBlueprint(
  { metadata: { namespace = 'default', name, uid = '' }, spec }: RedisWorker,
  { prefix, graceSeconds, net }: WorkSurroundings,
): HatsBlueprint {
  const cluster = spec.hats?.cluster ?? prefix;
  const responses = responseStreamKey(prefix);
  const scripts = spec.hats === undefined ? [] : declared(cluster, spec.hats);
  return {
    kind: 'hats',
    type: spec.type,
    cluster,
    scripts,
    written: manifestScriptsKey(prefix),
    found: foundScriptsKey(prefix),
    resource: resourceOf(namespace, name, uid),
    responses,
    requestLimit: 0,
    resolved: inWords(spec.hats),
    texts: scripts.flatMap(({ source: { configMap } }) =>
      configMap === undefined ? [] : [{ source: { configMap }, field: 'spec.hats' }]
    ),
    settings: { cluster, graceSeconds, net: flagsOf(net), found: foundScriptsKey(prefix) },
    hash: {
      requestStream: requestStreamKey(prefix),
      responseStream: responses,
      requestLimit: 0,
      replyExpireSeconds: 0,
      responseStreamLimit: defaultResponseStreamLimit,
    },
  };
}

function inWords({ threads, jobs, endpoints }: Pick<Hats, 'threads' | 'jobs' | 'endpoints'> = noScripts): string {
  const kinds = Object.entries({ thread: threads, job: jobs, endpoint: endpoints }).filter(([, { length }]) =>
    length > 0
  );
  const all = counted(threads.length + jobs.length + endpoints.length, 'script');
  return kinds.length === 0 ? all : `${all}: ${kinds.map(([kind, { length }]) => counted(length, kind)).join(', ')}`;
}

const noScripts = { threads: [], jobs: [], endpoints: [] };

function declared(cluster: string, { threads, jobs, endpoints }: Hats): DeclaredScript[] {
  return [
    ...threads.map(({ name, source, hang, deadSeconds }) => ({
      key: scriptKey(cluster, 'Threads', name),
      source,
      fields: { Hang: String(durationNs(hang) ?? 0), DeadSeconds: String(deadSeconds) },
    })),
    ...jobs.map(({ name, source, cron, timeZone }) => ({
      key: scriptKey(cluster, 'Jobs', name),
      source,
      fields: { Cron: cron, TimeZone: timeZone },
    })),
    ...endpoints.map(({ path, source }) => ({ key: endpointKey(cluster, path), source, fields: {} })),
  ];
}

/** What the process that sends requests of scripts may reach: the scope, and not the Redis of the worker. */
function flagsOf({ scope, deny, allowAllNet }: WorkSurroundings['net']): string[] {
  const allowed = allowAllNet
    ? ['--allow-net']
    : scope.length > 0
    ? [`--allow-net=${denoNetFlag(scope, [], []).join(',')}`]
    : [];
  return [...allowed, `--deny-net=${denoDenyFlag(scope, deny).join(',')}`];
}
