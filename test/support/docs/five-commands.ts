/** The five commands of README.md, typed by somebody who looks at what is printed, and saves a change in between. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually } from '../wait.ts';
import { scenario } from './blocks.ts';
import { openTerminal, runBlock, type Shell } from './shell.ts';

/** From `init` to a green `test`: those that need no cluster. */
export async function playOnLaptop(shell: Shell): Promise<void> {
  const [init, up, send, test, ...more] = scenario('five', ['README.md']);
  expect([init, up, send, test].every((block) => block?.commands.split('\n').length === 1) && more.length === 0).toBe(
    true,
  );
  await runBlock(init!, shell);
  const terminal = openTerminal(up!, shell);
  try {
    await eventually('the worker runs', () => terminal.output().includes('hello is ready'), 120_000);
    await runBlock(send!, shell);
    await save(join(shell.cwd, 'hello/hello.ts'));
    await save(join(shell.cwd, 'hello/hello.test.yaml'));
    const changed = { ...send!, output: undefined };
    await eventually(
      'the reply is that of what was saved',
      async () => (await runBlock(changed, shell)).includes('Good morning, Ada!'),
      60_000,
    );
    await runBlock(test!, shell);
  } finally {
    await terminal.interrupt();
  }
}

/** What an editor does. */
async function save(file: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace('Hello', 'Good morning'));
}
