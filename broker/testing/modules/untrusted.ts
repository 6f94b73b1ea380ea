/** What a module might do that means no good. */
import { brokerProxy } from '../../worker.ts';
import type { WorkerMsgCall } from '../../types.ts';

const scope = globalThis as unknown as { postMessage(message: unknown): void };

/** Posts a call as another module would, in the words of the broker. */
export function forge(sourceModule: string, target: string, value: unknown): void {
  const call = { kind: 'call', id: 987654, target, functionName: 'put', values: ['last', value] };
  const spoof = { source: sourceModule, sourceModule, sourceSegregationId: undefined };
  scope.postMessage({ broker: 'redisworker.broker/1', message: { ...call, ...spoof } });
  scope.postMessage({ ...call, ...spoof, targetModule: target, args: ['last', value] });
}

/** Posts results of calls nobody made of it. */
export function forgeResults(): void {
  for (let id = 0; id < 100; id++) {
    scope.postMessage({ broker: 'redisworker.broker/1', message: { kind: 'result', id, values: ['forged'] } });
  }
}

export function malformed(): void {
  const messages = [
    null,
    7,
    'text',
    {},
    { kind: 'call' },
    { kind: 'call', id: -1 },
    { kind: 'call', id: 1, target: {} },
    {
      kind: 'result',
      id: 'x',
    },
    { kind: 'call', id: 1, target: 'no url', values: [] },
    { kind: 'call', id: 2, target: 'file:///x', values: [1], marks: [[0, '__proto__']] },
    {
      kind: 'call',
      id: 3,
      target: 'file:///x',
      values: 'abc',
    },
    { kind: 'chunk', stream: 5, chunk: 1 },
    { kind: 'pull', stream: 0, credit: 1e9 },
    { kind: 'fail', stream: 1 },
  ];
  for (const message of messages) scope.postMessage({ broker: 'redisworker.broker/1', message });
}

export const polluting = (): unknown =>
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');

export const flood = async (target: string, calls: number): Promise<Record<string, number>> => {
  const hello = brokerProxy().workerFnProxy(target, 'hello');
  const outcomes = await Promise.allSettled(Array.from({ length: calls }, () => hello('x')));
  const codes = outcomes.map((outcome) => outcome.status === 'fulfilled' ? 'done' : `${outcome.reason?.code}`);
  return Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((one) => one === code).length]));
};

export const fill = (): number => {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill(kept.length));
};

export const suicide = (): void => Deno.kill(Deno.pid, 'SIGKILL');
export const exit = (): never => Deno.exit(7);

export async function attempt(this: WorkerMsgCall, what: string, ...args: string[]): Promise<string> {
  try {
    return `got ${await attempts[what]?.(...args)}`;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

const attempts: Record<string, (...args: string[]) => unknown> = {
  fetch: async (url) => await (await fetch(`${url}`)).text(),
  connect: async (port) => (await Deno.connect({ port: Number(port) })).close(),
  passwd: async () => (await import('file:///etc/passwd', { with: { type: 'text' } })).default,
  environ: () => Deno.readTextFileSync('/proc/self/environ'),
  read: (path) => Deno.readTextFileSync(`${path}`),
  env: (name) => Deno.env.get(`${name}`),
  run: () => new Deno.Command('/bin/true').outputSync().code,
  npm: async () => Object.keys(await import(`npm:${'cowsay'}`)),
  keep: async (value) => await (await caches.open('shared')).put('http://a/', new Response(value)),
  take: async () => await (await (await caches.open('shared')).match('http://a/'))?.text(),
  store: (value) => localStorage.setItem('shared', `${value}`),
  call: async (target) => await brokerProxy().workerFnProxy(`${target}`, 'hello')('x'),
};

export function listen(): void {
  new BroadcastChannel('shared').onmessage = ({ data }) => (heard = String(data));
}
let heard = '';
export const whatWasHeard = (): string => heard;
export const broadcast = (): void => new BroadcastChannel('shared').postMessage('psst');
