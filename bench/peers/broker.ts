/**
 * What a call through the broker of modules takes, beside a bare postMessage and a bare fetch over a Unix socket:
 * `deno run -A broker.ts <folder of the broker's bundle> <scratch folder>`. Prints one JSON object.
 */
import type * as Broker from '../../broker/mod.ts';

const [lib, scratch] = Deno.args.map((path) => `file://${path}`) as [string, string];
const { WorkerBroker } = await import(`${lib}/mod.js`) as typeof Broker;
const path = (name: string) => new URL(`${scratch}/${name}`).pathname;
const url = `${scratch}/module.js`;
Deno.writeTextFileSync(
  path('module.js'),
  `import { brokerProxy } from '${lib}/worker.js';
const other = brokerProxy().workerProxy(['${url}', 'other']);
export const echo = (value) => value;
export const relay = (value) => other.echo(value);
export async function timed(count, value) {
  const taken = [];
  for (let at = 0; at < count; at++) {
    const start = performance.now();
    await other.echo(value);
    taken.push(performance.now() - start);
  }
  return taken;
}`,
);
const text = 'x'.repeat(100);
const rounds = 7;
const calls = 3000;

interface Module {
  echo(value: string): Promise<string>;
  timed(count: number, value: string): Promise<number[]>;
}

function quantile(values: number[], share: number): number {
  return values.sort((one, other) => one - other)[Math.floor(values.length * share)] ?? NaN;
}
const median = (values: number[]) => quantile(values, 0.5);

/** Microseconds of the median call, one at a time. */
async function latency(call: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let at = 0; at < calls; at++) {
    const start = performance.now();
    await call();
    taken.push(performance.now() - start);
  }
  return median(taken) * 1000;
}

async function perSecond(call: () => Promise<unknown>, atOnce: number): Promise<number> {
  let left = 30_000;
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) await call();
  }));
  return 30_000 / (performance.now() - start) * 1000;
}

function bareEcho(): { call: () => Promise<unknown>; end: () => void } {
  const code = 'onmessage = ({ data }) => postMessage(data);';
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: 'module' });
  const waiting = new Map<number, (value: unknown) => void>();
  let next = 0;
  worker.onmessage = ({ data }) => {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
  };
  const call = () =>
    new Promise((resolve) => {
      const id = next++;
      waiting.set(id, resolve);
      worker.postMessage({ kind: 'call', id, functionName: 'echo', args: [text] });
    });
  return { call, end: () => worker.terminate() };
}

/** Kilobytes a process takes, with its share of what others use too. */
function pss(pid: number | 'self'): number {
  return Number(/^Pss:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`))?.[1]);
}

const bare = bareEcho();
const socket = path('fetch.sock');
const served = `Deno.serve({ path: ${
  JSON.stringify(socket)
}, onListen: () => console.log('up') }, async (r) => new Response(await r.text()))`;
const server = new Deno.Command(Deno.execPath(), {
  args: ['run', '-A', '--quiet', `data:text/javascript,${encodeURIComponent(served)}`],
  stdout: 'piped',
}).spawn();
await server.stdout.getReader().read();
const client = Deno.createHttpClient({ proxy: { transport: 'unix', path: socket } });
const fetched = async () => await (await fetch('http://localhost/', { method: 'POST', body: text, client })).text();

const threads = new WorkerBroker();
const processes = new WorkerBroker({ isolation: 'Process' });
const [worker, process] = [threads, processes].map((broker) => broker.workerProxy<Module>(url)) as [Module, Module];
const figures: Record<string, number[]> = {};
const record = (name: string, value: number) => void (figures[name] ??= []).push(value);

for (const warm of [bare.call, fetched, () => worker.echo(text), () => process.echo(text)]) await latency(warm);
await worker.timed(calls, text);
for (let round = 0; round < rounds; round++) {
  const echo = await latency(bare.call);
  const call = await latency(() => worker.echo(text));
  const relayed = median(await worker.timed(calls, text)) * 1000;
  const fetching = await latency(fetched);
  const processCall = await latency(() => process.echo(text));
  record('bareEchoUsP50', echo);
  record('callUsP50', call);
  record('moduleToModuleUsP50', relayed);
  record('bareFetchUsP50', fetching);
  record('processCallUsP50', processCall);
  record('callToEchoP50', call / echo);
  record('moduleToModuleToEchoP50', relayed / echo);
  record('processCallToFetchP50', processCall / fetching);
  for (const atOnce of [256, 1024]) {
    const most = await perSecond(bare.call, atOnce);
    const ours = await perSecond(() => worker.echo(text), atOnce);
    record(`bareEchoPerSecond${atOnce}`, most);
    record(`callsPerSecond${atOnce}`, ours);
    record(`callsPerSecond${atOnce}ToEcho`, ours / most);
  }
}
for (const [broker, name] of [[threads, 'Worker'], [processes, 'Process']] as const) {
  for (let at = 0; at < 15; at++) {
    const start = performance.now();
    await broker.workerFnProxy([url, `cold-${at}`], 'echo')(text);
    record(`firstCall${name}Ms`, performance.now() - start);
    broker.removeWorker([url, `cold-${at}`]);
  }
}
const many = 20;
const fresh = new WorkerBroker();
const before = pss('self');
for (let at = 0; at < many; at++) await fresh.workerFnProxy([url, `idle-${at}`], 'echo')(text);
record('memoryPerWorkerMb', (pss('self') - before) / many / 1024);
fresh.terminate();
const pids: number[] = [];
for (let at = 0; at < many; at++) {
  await processes.workerFnProxy([url, `idle-${at}`], 'echo')(text);
  pids.push((processes.getWorker([url, `idle-${at}`]) as Worker & { readonly pid: number }).pid);
}
for (const pid of pids) record('memoryPerProcessMb', pss(pid) / 1024);
threads.terminate();
processes.terminate();
bare.end();
client.close();
server.kill('SIGKILL');
console.log(
  JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]))),
);
Deno.exit(0);
