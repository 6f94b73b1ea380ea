/** How a command that runs on ends: by a signal, by a second one, or because nobody reads it any more. */
import { env } from 'node:process';
import { expect, test } from 'vitest';
import { start, type TestProcess } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

/** Runs until it is interrupted; then it goes on for ever, as a command does whose worker does not end. */
const program = `
import { processIo } from './cli/io.ts';
const io = processIo();
const stop = io.interrupted();
setInterval(() => io.out('at work, pid ' + process.pid), 10);
await stop;
io.err('stopping');`;

async function started(): Promise<TestProcess> {
  const running = start(process.execPath, ['--input-type=module', '-e', program]);
  await told(running, 'at work');
  return running;
}

function told(running: TestProcess, text: string): Promise<true | undefined> {
  return eventually(`it tells "${text}"`, () => running.output().includes(text) || undefined);
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s lets it end what it began', async (signal) => {
  const running = await started();
  running.child.kill(signal);
  await told(running, 'stopping');
  running.child.kill('SIGKILL');
  await running.ended;
});

test('a second Ctrl-C ends it at once and says so, but not the echo of the first', async () => {
  const running = await started();
  running.child.kill('SIGINT');
  running.child.kill('SIGINT');
  await told(running, 'stopping');
  expect(running.child.exitCode).toBeNull();
  await eventually('it has ended', () => running.child.kill('SIGINT') ? undefined : true);
  expect(await running.ended).toBe(130);
  expect(running.output()).toContain('ended at once');
});

test('SIGQUIT ends it at once by its exit handlers, which end what it started', async () => {
  const running = await started();
  running.child.kill('SIGQUIT');
  expect(await running.ended).toBe(131);
  expect(running.output()).toContain('ended at once');
});

test('it ends when npm, which started it by a shell, is told to end', async () => {
  const shell = start('sh', ['-c', '"$0" --input-type=module -e "$1"; exit', process.execPath, program], {
    env: { ...env, npm_command: 'exec' },
  });
  await told(shell, 'at work');
  const [pid] = /(?<=pid )\d+/.exec(shell.output()) ?? [];
  shell.child.kill('SIGTERM');
  await told(shell, 'stopping');
  process.kill(Number(pid), 'SIGKILL');
  await shell.ended;
});

test('it ends without a stack trace when nobody reads its output any more', async () => {
  const running = await started();
  running.child.stdout?.destroy();
  await told(running, 'stopping');
  expect(running.output()).not.toContain('EPIPE');
  running.child.kill('SIGKILL');
  await running.ended;
});
