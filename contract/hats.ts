/**
 * Scripts in Redis: the keys and fields that workers of a HATS cluster share with the tools people have. Everything in
 * them is text; times are nanoseconds since 1970, as those tools write them.
 */

/** What a script is: kept running, run by a schedule, run for each request. */
export const scriptKinds = ['Threads', 'Jobs', 'Endpoints'] as const;

/** One of {@link scriptKinds}. */
export type ScriptKind = (typeof scriptKinds)[number];

/** Field of a pod's log lines that names the script they are about. */
export const logFieldOf: Readonly<Record<ScriptKind, string>> = {
  Threads: 'thread',
  Jobs: 'job',
  Endpoints: 'endpoint',
};

/** What a script failed with. */
export interface ScriptFailure {
  /** As the field `Error` has it. */
  readonly error: string;
  /** Line and column of the script, `3:7`, as the field `ErrorAt` has it; undefined or empty where nothing tells. */
  readonly at?: string | undefined;
}

/** A failure in one line: what was thrown, and where. */
export function failureText({ error, at }: ScriptFailure): string {
  const [line, column] = (at ?? '').split(':');
  // The text of one that cannot be parsed has the place in it.
  if (!line || error.includes(`Line ${at} `)) return error;
  return `${error} (line ${line}, column ${column})`;
}

/** Key of a script's hash: `default:Threads:hello.js`. */
export function scriptKey(cluster: string, kind: ScriptKind, name: string): string {
  return `${cluster}:${kind}:${name}`;
}

/** What all keys of scripts of one kind begin with. */
export function scriptKeyPrefix(cluster: string, kind: ScriptKind): string {
  return scriptKey(cluster, kind, '');
}

/** Key of the endpoint that answers under a path: those tools escape it twice. */
export function endpointKey(cluster: string, path: string): string {
  return scriptKey(cluster, 'Endpoints', escapeHtml(escapeHtml(path)));
}

/** Text as it stands in HTML, in the entities those tools use. */
export function escapeHtml(text: string): string {
  return text.replace(/[&'<>"]/g, (sign) => entities[sign] ?? sign);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
};

/** Key of a worker's hash, with the fields `State`, `Status` and `Heartbeat`: `default:workers:demo-1`. */
export function hatsWorkerKey(cluster: string, name: string): string {
  return `${cluster}:workers:${name}`;
}

/** What a consumer is called in its cluster: unlike for every worker type, so that two of them may share one. */
export function hatsWorkerName(type: string, consumerId: string): string {
  return `${type}-${consumerId}`;
}

/** Key of the hash that names the scripts a manifest has written, by which it finds those it is to remove. */
export function manifestScriptsKey(prefix: string): string {
  return `${prefix}:hats:written`;
}

/** Key of the hash that names all scripts the pods have found in their cluster, whoever wrote them. */
export function foundScriptsKey(prefix: string): string {
  return `${prefix}:hats:found`;
}

/** Key of the list of runs people have asked for: of those that any worker may take, or of threads that one worker has. */
export function askedRunsKey(cluster: string, worker?: string): string {
  return worker === undefined ? `${cluster}:hats:asked` : `${cluster}:hats:asked:${worker}`;
}

/** Key of the list in which whoever asked for a run is told of it, each element a {@link RunNews} as JSON. */
export function runNewsKey(cluster: string, id: string): string {
  return `${cluster}:hats:told:${id}`;
}

/** A run somebody has asked for, as JSON in the list of {@link askedRunsKey}. */
export interface AskedRun {
  readonly id: string;
  readonly kind: ScriptKind;
  readonly name: string;
  /** Nobody waits for it any more then, in milliseconds since 1970. */
  readonly until: number;
}

/** What is told of it: who runs it, what the script logs, how it ended. */
export type RunNews =
  | { readonly say: 'begun'; readonly worker: string }
  | { readonly say: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string }
  | { readonly say: 'refused'; readonly why: string }
  | { readonly say: 'ended'; readonly ms: number; readonly failure?: ScriptFailure };

/** Fields of a script's hash that its author gives. */
export const authoredFields = ['Source', 'Hang', 'DeadSeconds', 'Cron', 'TimeZone'] as const;

/** Nanoseconds in a millisecond. */
export const nsPerMs = 1_000_000;

/** Pause between two calls of main() where a thread names none: one second. */
export const defaultHangNs = 1_000_000_000;

/** Seconds without a sign of life after which a script counts as left, where it names none. */
export const defaultDeadSeconds = 5;

/** Nanoseconds of a duration such as `250ms`, `1s`, `1m30s` or `2h`; undefined when it is none. */
export function durationNs(text: string): number | undefined {
  if (!durationRegExp.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, count = '0', unit = 'ms']) => sum + Number(count) * nsOf[unit as keyof typeof nsOf], 0);
}

const nsOf = { ms: nsPerMs, s: 1000 * nsPerMs, m: 60_000 * nsPerMs, h: 3_600_000 * nsPerMs } as const;

/** A duration as Kubernetes and Go write it, largest unit first. */
export const durationPattern = '^(\\d{1,4}h)?(\\d{1,4}m)?(\\d{1,5}s)?(\\d{1,6}ms)?$';

const durationRegExp = new RegExp(`(?=.)${durationPattern}`);

/** How the Hats runtime runs scripts. */
export interface HatsSettings {
  readonly cluster: string;
  /** Seconds a process may take to finish after SIGTERM. */
  readonly graceSeconds: number;
  /** Key of the hash the pods name the scripts in that they find. */
  readonly found: string;
  /** Flags of Deno that open to what scripts send what the manifest says, and no more. */
  readonly net: readonly string[];
}
