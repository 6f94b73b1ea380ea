/**
 * Runs the tests that speak to Redis on a newer server than the machine's own:
 *
 *     node scripts/on-server.ts redis-8.6.3 [arguments of vitest]
 *
 * The server is built on first use; REDIS_SERVER names another program to take instead. A machine that cannot have it
 * skips them all, with the reason printed and counted once; in CI a failed build fails.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { env } from 'node:process';
import { CannotBuild } from '../test/support/control-plane/tool.ts';
import { serverProgram } from '../test/support/servers/build.ts';
import { type ServerName, serverNames } from '../test/support/servers/recipe.ts';

/** What runs on every server; `test/redis8` needs what is new in Redis 8. */
const everywhere = [
  'test/redis/',
  'test/worker/commits',
  'test/worker/handler',
  'test/worker/records',
  'test/worker/faults',
  'test/worker/runner',
  'test/worker/server-features',
  'test/topologies/load',
];
const folders: Readonly<Record<ServerName, readonly string[]>> = {
  'redis-8.6.3': [...everywhere, 'test/redis8/'],
  'valkey-9.1.2': everywhere,
};

const [asked, ...more] = process.argv.slice(2);
const name = serverNames.find((one) => one === asked);
if (name === undefined) throw new Error(`name the server to test on: ${serverNames.join(' or ')}`);
const program = env['REDIS_SERVER'] ?? await serverProgram(name).catch(skip);
if (program !== undefined) process.exitCode = await test(program, more.some(isFile) ? [] : folders[name]);

function skip(error: unknown): undefined {
  if (!(error instanceof CannotBuild) || (error.reason === 'BuildFailed' && env['CI'] === 'true')) throw error;
  process.stderr.write(`The tests on ${String(name)} are skipped: ${error.message}\n`);
  const report = more.find((one) => one.startsWith('--outputFile.json='))?.slice('--outputFile.json='.length);
  const counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0, testResults: [] };
  if (report !== undefined) writeFileSync(report, JSON.stringify(counts));
}

function test(server: string, files: readonly string[]): Promise<number> {
  const child = spawn('vitest', ['run', '--project', 'servers', ...files, ...more], {
    stdio: 'inherit',
    env: { ...env, REDIS_SERVER: server },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function isFile(argument: string): boolean {
  return argument.startsWith('test/');
}
