/** Resolves code by Jobs: one for all of a namespace who ask the same. Every step may be the last: the next finds its Job by name. */
import type { Clock } from '../clock.ts';
import { type Cluster, ClusterError, keyOf, type KubeObject, refOf, resources } from '../cluster/cluster.ts';
import type { FailedCode, ResolvedCode, ResolveOutcome } from '../code/outcome.ts';
import {
  type CodeAnswer,
  type CodeQuestion,
  type CodeResolver,
  type KeptCode,
  retryAfterMs,
} from '../code/resolver.ts';
import { readResultLine } from '../code/result-line.ts';
import type { Dialled, OpenedEgress } from './egress.ts';
import {
  codeJobLabel,
  inputOf,
  jobName,
  jobOf,
  type JobSettings,
  policyOf,
  proxyHosts,
  resolverContainer,
} from './objects.ts';
import type { BundleStore } from './registry.ts';
import { RegistryError } from './registry-http.ts';
import { hindrance, standingOf, whyNoPod } from './standing.ts';

/** The part of a cluster they need. */
export interface JobCluster extends Pick<Cluster, 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete'> {
  /** A container's log, of so many bytes at most. @throws ClusterError */
  readLog(
    pod: { readonly namespace: string; readonly name: string },
    container: string,
    bytes: number,
  ): Promise<string>;
}

/** What they work with. */
export interface CodeJobsOptions {
  readonly cluster: JobCluster;
  readonly clock: Clock;
  readonly settings: JobSettings;
  /** What a pod of this namespace needs open to dial these hosts, DNS included. */
  readonly egress: (namespace: string, dialled: Dialled) => Promise<OpenedEgress>;
  /** The hosts a question leads to. */
  readonly hostsOf: (question: CodeQuestion) => readonly string[];
  /** Keeps what was resolved, where that is not in ConfigMaps. */
  readonly store?: BundleStore | undefined;
  /** How often a Job that is under way is looked at, in milliseconds [1000]. */
  readonly everyMs?: number;
}

/** A line of the longest outcome, and what Deno may have said before. */
const maxLogBytes = 10 * 1024 * 1024;

type KeptOutcome = Exclude<ResolveOutcome, ResolvedCode> | KeptCode;

/** Seconds a cluster may take to make a pod before it is asked why there is none. */
const podlessSeconds = 3;

/** One piece of work: a question in one namespace. */
interface Work {
  readonly namespace: string;
  question: CodeQuestion;
  readonly askers: Set<string>;
  answer: CodeAnswer | undefined;
  failures: number;
  isRunning: boolean;
}

export class CodeJobs implements CodeResolver {
  readonly #options: CodeJobsOptions;
  readonly #works = new Map<string, Work>();
  readonly #wanted = new Map<string, string>();
  readonly #listeners: ((asker: string) => void)[] = [];
  #isClosed = false;

  constructor(options: CodeJobsOptions) {
    this.#options = options;
  }

  ask(question: CodeQuestion): Promise<CodeAnswer> {
    const { namespace = 'default' } = refOf(question.asker);
    const key = keyOf({ namespace, name: question.id });
    const known = this.#works.get(key);
    const fresh: Work = { namespace, question, askers: new Set(), answer: undefined, failures: 0, isRunning: false };
    const work = known ?? fresh;
    this.#works.set(key, work);
    this.#want(question.asker, key);
    work.askers.add(question.asker);
    work.question = question; // the credentials may be others now
    const isDue = work.answer?.kind !== 'failed' || this.#options.clock.now() >= work.answer.retryAt;
    if (work.answer !== undefined && work.answer.kind !== 'pending' && !(work.answer.kind === 'failed' && isDue)) {
      return Promise.resolve(work.answer);
    }
    if (!work.isRunning && !this.#isClosed) void this.#run(key, work);
    return Promise.resolve({ kind: 'pending' });
  }

  keep(asker: string, id: string | undefined): void {
    const { namespace = 'default' } = refOf(asker);
    this.#want(asker, id === undefined ? undefined : keyOf({ namespace, name: id }));
  }

  onAnswer(listener: (asker: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Jobs go on: whoever leads next finds them. */
  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #want(asker: string, key: string | undefined): void {
    const before = this.#wanted.get(asker);
    if (key === undefined) this.#wanted.delete(asker);
    else this.#wanted.set(asker, key);
    if (before === undefined || before === key) return;
    const work = this.#works.get(before);
    work?.askers.delete(asker);
    if (work === undefined || work.askers.size > 0) return;
    this.#works.delete(before);
    if (work.isRunning) void this.#remove(work).catch(() => undefined); // what is forgotten removes itself in time
  }

  async #run(key: string, work: Work): Promise<void> {
    work.isRunning = true;
    const outcome = await this.#outcomeOf(key, work).catch((error: unknown): FailedCode => failedBy(error));
    work.isRunning = false;
    if (outcome === undefined) return;
    if (outcome.kind === 'failed') {
      work.failures += 1;
      work.answer = { ...outcome, retryAt: this.#options.clock.now() + retryAfterMs(work.failures) };
    } else {
      work.failures = 0;
      work.answer = outcome;
    }
    for (const asker of work.askers) for (const listener of this.#listeners) listener(asker);
  }

  /** Undefined when nobody waits for it any more. */
  async #outcomeOf(key: string, work: Work): Promise<KeptOutcome | undefined> {
    const { everyMs = 1000 } = this.#options;
    for (;;) {
      if (this.#isClosed || this.#works.get(key) !== work) return undefined;
      const outcome = await this.#step(work);
      if (outcome !== undefined) {
        const kept = await this.#kept(outcome); // or the next try finds the Job as it is
        await this.#remove(work);
        return kept;
      }
      await this.#pause(everyMs);
    }
  }

  async #kept(outcome: ResolveOutcome): Promise<KeptOutcome> {
    const { store } = this.#options;
    if (store === undefined || outcome.kind !== 'resolved') return outcome;
    return { ...outcome, image: await store.keep(outcome) };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.after(ms, resolve));
  }

  /** One step; each may be repeated. */
  async #step(work: Work): Promise<ResolveOutcome | undefined> {
    const { cluster, settings, clock } = this.#options;
    const ref = { namespace: work.namespace, name: jobName(work.question.id) };
    const job = await cluster.get(resources.jobs, ref);
    if (job === undefined) {
      await cluster.create(jobOf(work.namespace, work.question, settings), 'redisworker').catch(unlessThere);
      return undefined;
    }
    if (job.metadata.deletionTimestamp !== undefined) return undefined;
    const labels = { [codeJobLabel]: work.question.id.slice(0, 24) };
    const labelled = await cluster.list(resources.pods, { namespace: work.namespace, labels });
    const pods = labelled.filter((pod) => isOf(pod, job)); // those of a Job before it may not be gone yet
    const standing = standingOf(job, pods, settings);
    const age = (clock.now() - Date.parse(job.metadata.creationTimestamp ?? '')) / 1000;
    if (standing.kind === 'lost') return failed(`the Job ${keyOf(ref)}: ${standing.sentence}`);
    if (standing.kind === 'ended') return await this.#read({ namespace: work.namespace, name: standing.pod });
    if (age > settings.deadlineSeconds) {
      return failed(`the Job ${keyOf(ref)}: ${hindrance(job, pods, settings.deadlineSeconds)}`);
    }
    if (standing.kind === 'suspended') await this.#release(job, work);
    else if (pods.length === 0 && age > podlessSeconds) return await this.#withoutPod(job);
    return undefined;
  }

  /** What the cluster says that makes no pod of a Job: it would go on trying, and nobody would hear why. */
  async #withoutPod(job: KubeObject): Promise<FailedCode | undefined> {
    const { name, namespace = 'default', uid } = job.metadata;
    const fieldSelector = `regarding.kind=${job.kind},regarding.name=${name}`;
    const listed = this.#options.cluster.list(resources.events, { namespace, fieldSelector });
    const why = whyNoPod(await listed.catch(noneIfForbidden), uid);
    return why === undefined ? undefined : failed(`the Job ${keyOf({ namespace, name })}: ${why}`);
  }

  /** The policy and what the pod reads come before the pod. */
  async #release(job: KubeObject, { namespace, question }: Work): Promise<void> {
    const { cluster, egress, hostsOf, settings: { way } } = this.#options;
    const { flavor = 'Kubernetes' } = question;
    const opened = await egress(namespace, { hosts: hostsOf(question), proxies: proxyHosts(way), flavor });
    await cluster.apply(policyOf(job, question, opened), 'redisworker');
    await cluster.apply(inputOf(job, question, way), 'redisworker');
    await cluster.patch(resources.jobs, { namespace, name: job.metadata.name }, { spec: { suspend: false } });
  }

  async #read(pod: { readonly namespace: string; readonly name: string }): Promise<ResolveOutcome> {
    const log = await this.#options.cluster.readLog(pod, resolverContainer, maxLogBytes);
    return readResultLine(log) ?? failed(
      `the log of pod ${
        keyOf(pod)
      } does not hold the whole of what it has found: keep at least 10 MiB of a log on the nodes (containerLogMaxSize)`,
    );
  }

  async #remove({ namespace, question }: Work): Promise<void> {
    await this.#options.cluster.delete(resources.jobs, { namespace, name: jobName(question.id) });
  }
}

function failed(sentence: string): FailedCode {
  return { kind: 'failed', reason: 'ResolverFailed', sentence };
}

/** Who may not read why waits for the pod until its time is up. */
function noneIfForbidden(error: unknown): readonly KubeObject[] {
  if (error instanceof ClusterError && error.status === 403) return [];
  throw error;
}

function isOf({ metadata }: KubeObject, job: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid) === true;
}

/** Another operator may have made it a moment ago. */
function unlessThere(error: unknown): void {
  if (!(error instanceof ClusterError) || error.reason !== 'Conflict') throw error;
}

function failedBy(error: unknown): FailedCode {
  if (error instanceof RegistryError) return failed(error.message);
  const said = error instanceof Error ? error.message : String(error);
  return failed(`its code cannot be resolved by a Job: ${said}`);
}
