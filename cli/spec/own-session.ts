/** Workers that are started for a test, in a session of its own with a Redis of its own. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { isCrashing } from '../crashing.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../io.ts';
import { startLocalOperator } from '../local-operator.ts';
import { openSession } from '../session.ts';
import { outlookOf } from '../wait.ts';

const lookEveryMs = 50;
/** Lines of the workers that are told when they do not get ready. */
const keptLines = 20;

/** Workers that run until it is disposed of. */
export interface OwnSession extends AsyncDisposable {
  /** The name other commands find it by. */
  readonly name: string;
  /** Waits until all workers run what their manifests say now. @throws Failure when they cannot, or not in time */
  ready(timeoutSeconds: number, stop: AbortSignal): Promise<void>;
  /** Equal as long as the workers and their code are. */
  version(): string;
}

/** Starts the workers of manifest files. @throws Failure when they cannot be started */
export async function openOwnSession(files: readonly string[], number: number, io: Io): Promise<OwnSession> {
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
  };
  const name = `test-${process.pid}-${number}`;
  const quiet: Io = { ...io, out: keep, err: keep, colours: { out: false, err: false } };
  const session = await openSession({ name, files }, startLocalOperator, quiet);
  const { operator } = session;
  const view = () => ({ started: true, items: operator.workers(), problems: operator.problems() });
  return {
    name,
    async ready(timeoutSeconds, stop) {
      const end = performance.now() + timeoutSeconds * 1000;
      for (;;) {
        const { standing, lines: told } = outlookOf(view(), [], true, files.join(', '));
        if (standing === 'ready') return;
        const news = lines.filter((line) => !told.some((sentence) => line.includes(sentence)));
        const printed = news.map((line) => `  ${line}`);
        const isHopeless = standing === 'failed' || operator.workers().some(isCrashing);
        if (isHopeless) throw new Failure([...told, ...printed].join('\n'));
        if (performance.now() >= end) {
          throw new Failure([`not ready within ${timeoutSeconds} s:`, ...told, ...printed].join('\n'));
        }
        await delay(lookEveryMs, undefined, { signal: stop });
      }
    },
    version: () => JSON.stringify(operator.workers().map(versionOf)),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

function versionOf({ metadata, status }: KubeObject): unknown {
  const { source } = (status ?? {}) as { readonly source?: { readonly digest?: string } };
  return [metadata.namespace, metadata.name, metadata.generation, source?.digest];
}
