import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from './wait.ts';

const program = `
  import { spawn } from 'node:child_process';
  import { mkdirSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  import { keptNodeFolder } from './test/support/keeper.ts';
  import { start } from './test/support/processes.ts';
  const folder = keptNodeFolder();
  const pod = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  mkdirSync(join(folder, 'pods/p'), { recursive: true });
  writeFileSync(join(folder, 'pods/p/process.json'), JSON.stringify({ pid: pod.pid, birth: '1' }));
  console.log(JSON.stringify([start('sleep', ['1000']).pid, pod.pid, folder]));
`;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('what a killed test process has started ends with it, pods of its node included', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [started, pod, folder] = JSON.parse(line.toString()) as [number, number, string];
  expect([started, pod].map(isAlive)).toEqual([true, true]);
  child.kill('SIGKILL');
  await eventually('both are gone', () => !isAlive(started) && !isAlive(pod));
  await eventually('and so is the folder', () => !existsSync(folder));
});
