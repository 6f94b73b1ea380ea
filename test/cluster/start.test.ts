/** How the operator process on a cluster ends when it cannot start, or is told to stop before it has. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultApiServer, startFaultApiServer } from '../support/fault-api-server.ts';
import { freePort, start, type TestProcess } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const main = join(import.meta.dirname, '../../operator/main.ts');
let server: FaultApiServer;

beforeAll(async () => {
  server = await startFaultApiServer();
});
afterAll(() => server.stop());

function operator(...args: string[]): TestProcess {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
  return start(process.execPath, [main, '--http', '127.0.0.1:0', ...args], { env });
}

test.concurrent('without a cluster it says what to do, in one sentence, and fails', async () => {
  const process = operator();
  expect(await process.ended).toBe(1);
  expect(process.output()).toContain('no cluster is configured: set KUBECONFIG');
  expect(process.output()).not.toMatch(/\bat .*\.ts:/);
});

test.concurrent('on a port that is taken it names it, and fails', async () => {
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const process = operator('--kubeconfig', server.kubeconfigPath, '--http', `127.0.0.1:${port}`);
  expect(await process.ended).toBe(1);
  other.close();
  expect(process.output()).toContain(`cannot listen on 127.0.0.1:${port}`);
  expect(process.output()).not.toMatch(/\bat .*\.ts:/);
});

test.concurrent('told to stop before the CustomResourceDefinition is there it ends well', async () => {
  const process = operator('--kubeconfig', server.kubeconfigPath, '--no-leader-elect');
  await eventually('it waits', () =>
    process.output().includes('install its CustomResourceDefinition') ||
    process.output().includes('following was interrupted'));
  process.child.kill('SIGTERM');
  expect(await process.ended).toBe(0);
  expect(process.output()).not.toMatch(/\bat .*\.ts:|could not|not close/);
});
