/** What the tools people deploy with make of an object: the library of Flux, and Argo CD with our health script. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepProcess } from './keeper.ts';

/** Where the script lies that ships with the chart. */
export const healthScript = join(import.meta.dirname, '../../charts/redis-worker-operator/files/argocd-health.lua');

/** One of them about one object. */
export interface Verdict {
  readonly status: string;
  readonly message: string;
}

/** Both about one object. */
export interface Health {
  readonly kstatus: Verdict;
  readonly argo: Verdict;
}

/** A running program that judges one object after the other. */
export interface HealthJudge {
  /** @throws Error when one of them cannot read the object, with its words */
  judge(object: object): Promise<Health>;
  stop(): Promise<void>;
}

/** Starts it. @param program path of the tool `health` */
export function startHealthJudge(program: string): HealthJudge {
  const child = spawn(program, [healthScript], { stdio: ['pipe', 'pipe', 'inherit'] });
  const release = child.pid === undefined ? () => undefined : keepProcess(child.pid);
  child.stdin.on('error', () => undefined); // it may end before it reads; the missing answer tells
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve())).finally(release);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async judge(object) {
      child.stdin.write(`${JSON.stringify(object)}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error('the judge of health has ended');
      const { error, ...health } = JSON.parse(answer.value) as Health & { error: string };
      if (error !== '') throw new Error(error);
      return health;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
