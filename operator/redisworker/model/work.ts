/**
 * What the domain asks of a kind of work. Each kind has a folder in work/; nothing outside that folder names a stream,
 * a list or a script.
 */
import type { WorkerConfig } from '../../../contract/config-hash.ts';
import type { Count } from '../../../contract/counts.ts';
import type { DeclaredModule } from '../../../contract/modules.ts';
import type { RedisWorker, RedisWorkerSpec, RedisWorkerStatus } from '../../api/redisworker.ts';
import type { AclPermissions } from '../../redis/acl.ts';
import type { Need } from '../../redis/doctor/rights.ts';
import type { RedisLink } from '../../redis/link.ts';
import type { Action, Why, WorkStep } from './action.ts';
import type { Scope } from '../network/allow-net/entry.ts';
import type { Problem } from './problem.ts';

/** The work of one worker, resolved from its spec. */
export interface WorkBlueprint {
  /** The folder in work/ that knows it. */
  readonly kind: string;
  /** Key of the stream its responses go to. */
  readonly responses: string;
  /** What was resolved, in words, where that is not the module of spec.source. */
  readonly resolved?: string;
  /** What of the work lies in ConfigMaps. */
  readonly texts?: readonly TextRef[];
  /** What of the worker's scope it has a use for, where that is not all of it: the policy opens no more. */
  readonly net?: {
    readonly scope: Scope;
    /** What the process of the runtime itself may reach. */
    readonly ofRuntime: Scope;
  };
  /** Requests after which a process is replaced by a fresh one; 0 for none. */
  readonly requestLimit: number;
  /** What the runtime is told in WORKER_SETTINGS. */
  readonly settings: { readonly graceSeconds: number };
  /** What in the spec cannot be, and no API server finds out. */
  readonly problems?: readonly Problem[];
  /** What the config hash of every consumer says of it. */
  readonly hash: Pick<
    WorkerConfig,
    'requestStream' | 'responseStream' | 'requestLimit' | 'replyExpireSeconds' | 'responseStreamLimit'
  >;
}

/** Where a text is: under a key of a ConfigMap, bundled into some, or on a disk that no cluster reads. */
export type TextSource = Pick<RedisWorkerSpec['source'], 'configMap' | 'bundle' | 'file'>;

/** A text that is not in the spec itself. */
export interface TextRef {
  readonly source: TextSource;
  /** Where the spec has it. */
  readonly field: string;
}

/** What is there of one, with what belongs to it where it was bundled. */
export type Text = Pick<DeclaredModule, 'bundle'> & { readonly text: string };

/** What the ConfigMaps of {@link WorkBlueprint.texts} hold, by {@link textKey}. */
export type Texts = ReadonlyMap<string, Text>;

/** One key for a text, wherever it is named. */
export function textKey({ configMap, bundle, file = '' }: TextSource): string {
  return configMap === undefined ? bundle?.digest ?? file : `${configMap.name}/${configMap.key}`;
}

/** A member of the work, as Redis knows it. */
export interface Member {
  readonly id: string;
  /** Requests it took and has not finished. */
  readonly pending: number;
  /** Milliseconds since it last asked for work; undefined on a server that does not count a question without answer. */
  readonly idleMs: number | undefined;
}

/** What there is to do, for whoever decides how many do it. */
export interface Demand {
  /** Requests nobody has taken yet; undefined when that cannot be told. */
  readonly waiting: number | undefined;
  /** Requests that were taken and are not finished. */
  readonly taken: number;
  /** Ids of the consumers that have such a request in hand. */
  readonly busy: readonly string[];
  /** When the next request that waits for another attempt is due, in milliseconds since 1970. */
  readonly nextAttempt: number | undefined;
  /** When something was last asked for, in milliseconds since 1970; undefined when nothing tells. */
  readonly lastAsked: number | undefined;
  /**
   * The stream the next request comes in, the last entry of it that was seen, and the group that is to read it. Undefined
   * where it does not come in a stream: then a change of the keys tells of it.
   */
  readonly comes: { readonly stream: string; readonly after: string; readonly group?: string } | undefined;
}

/** A consumer on its way out, and the one that takes over what it has not finished. */
export interface Leaving {
  readonly id: string;
  readonly heir: string | undefined;
  readonly why: Why;
}

/** One look at the work of a worker, and what it calls for. Everything in it is pure. */
export interface WorkView {
  readonly members: readonly Member[];
  readonly demand: Demand;
  /** Whose the work is: `<namespace>/<name>/<uid>`. */
  readonly owner: string | undefined;
  /** Answers that its workers have counted instead of writing responses. */
  readonly counts?: readonly Count[];
  /** Keys that hold something else than they should. */
  readonly problems: readonly Problem[];
  /** The part of the status that tells the backlog. */
  readonly status: RedisWorkerStatus;
  /** Nothing waits, is under way or is due later: what there is changes with a new request alone. */
  readonly isIdle: boolean;
  /** What must be there before a consumer starts. */
  start(texts: Texts): Action[];
  /** Takes a consumer whose pod is gone out of the work, without losing a request. */
  leave(leaving: Leaving): Action[];
  /** Ends the work of a deleted worker whose consumers are gone. */
  end(policy: RedisWorkerSpec['deletionPolicy']): Action[];
}

/** What the pods of a worker may do in Redis: with the root permissions, and with those of each selector. */
export interface WorkAccess extends AclPermissions {
  readonly selectors: readonly AclPermissions[];
}

/** What the work of a worker follows from beside its spec. */
export interface WorkSurroundings {
  /** What the keys of the worker begin with. */
  readonly prefix: string;
  /** What a process has to end in. */
  readonly graceSeconds: number;
  /** What its code may reach. */
  readonly net: { readonly scope: Scope; readonly deny: Scope; readonly allowAllNet: boolean };
  /** Memory of a container. */
  readonly memoryMiB: number;
}

/** A kind of work: how its blueprint is made, looked at and written. */
export interface KindOfWork<Blueprint extends WorkBlueprint = WorkBlueprint, Step extends WorkStep = WorkStep> {
  /** Resolves the part of a spec that belongs to this kind. */
  blueprint(worker: RedisWorker, around: WorkSurroundings): Blueprint;
  /** What its runtimes need. @param hashes pattern of the worker's config hashes */
  access(work: Blueprint, hashes: string): WorkAccess;
  /** The keys a look reads; busy ones change with the work itself. Not those of its responses, which are followed. */
  keys(work: Blueprint): { readonly keys: readonly string[]; readonly busyKeys: readonly string[] };
  /** What its operator and its runtimes do in Redis. @param hash one of the worker's config hashes */
  needs(work: Blueprint, hash: string): readonly Need[];
  /** @throws RedisFault */
  observe(link: RedisLink, work: Blueprint): Promise<WorkView>;
  /**
   * Carries out one step of a plan.
   * @param isRepair the worker has run before
   * @throws RedisFault, TerminalError, TransientError
   */
  write(link: RedisLink, work: Blueprint, step: Step, isRepair: boolean): Promise<void>;
}
