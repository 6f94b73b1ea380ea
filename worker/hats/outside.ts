/**
 * What scripts send out of the pod goes through processes that have the right to reach what `spec.permissions.net`
 * names and nothing else: neither the worker's Redis nor its health endpoint. Each starts with the first such call.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { encodeFrame, Frames } from './vm/frames.ts';
import { environment } from './vm-process.ts';

/** Bytes of an answer. */
const mostBytes = 32 * 1024 * 1024;

/** What a script asks the outside for. */
export interface HttpCall {
  readonly method: string;
  readonly url: string;
  readonly body: string | null;
  readonly type?: string;
}

/** What came back. */
export type HttpAnswer =
  | { readonly body: string; readonly status: number; readonly headers: Readonly<Record<string, readonly string[]>> }
  | { readonly error: string };

/** Such a process, started when it is needed and again when it has ended. */
export class Outside<Call, Answer> {
  readonly #entry: URL;
  readonly #flags: readonly string[];
  readonly #waiting = new Map<number, (answer: Answer | { readonly error: string }) => void>();
  #child: ChildProcess | undefined;
  #lastId = 0;

  /** @param flags of Deno: among them those that open what may be reached */
  constructor(entry: URL, flags: readonly string[]) {
    this.#entry = entry;
    this.#flags = flags;
  }

  /** Sends a call and waits for its answer. @param until gives up the wait */
  send(call: Call, until: AbortSignal): Promise<Answer | { readonly error: string }> {
    const id = ++this.#lastId;
    const child = this.#child ??= this.#start();
    return new Promise((resolve) => {
      const settle = (answer: Answer | { readonly error: string }): void => {
        this.#waiting.delete(id);
        until.removeEventListener('abort', giveUp);
        resolve(answer);
      };
      const giveUp = (): void => settle({ error: 'the script is ending' });
      if (until.aborted) return giveUp();
      until.addEventListener('abort', giveUp, { once: true });
      this.#waiting.set(id, settle);
      child.stdin?.write(encodeFrame({ id, call }));
    });
  }

  close(): void {
    this.#child?.kill('SIGKILL');
  }

  #start(): ChildProcess {
    const child = spawn('deno', ['run', ...this.#flags, this.#entry.href], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: environment(),
    });
    const frames = new Frames(mostBytes);
    child.stdout?.on('data', (chunk: Uint8Array) => {
      frames.add(chunk);
      for (let said = frames.next(); said !== undefined; said = frames.next()) {
        const { id, answer } = said as { id: number; answer: Answer };
        this.#waiting.get(id)?.(answer);
      }
    });
    child.stdin?.on('error', () => {}); // its end is told below
    const end = (): void => {
      if (this.#child === child) this.#child = undefined;
      for (const settle of [...this.#waiting.values()]) {
        settle({ error: 'the process that carries out such calls has ended' });
      }
    };
    child.on('error', end);
    child.on('exit', end);
    return child;
  }
}
