import { expect, test } from 'vitest';
import { blocksOf, promised } from './blocks.ts';

const page = [
  '# A page',
  '',
  '```sh',
  'make demo',
  '```',
  '',
  '<!-- run: laptop in another terminal -->',
  '',
  '```sh',
  'redisworker up worker.yaml',
  '```',
  '',
  'Then ask it:',
  '',
  '- first',
  '',
  '  ```sh',
  '  redisworker status',
  '  echo done',
  '  ```',
  '',
  '  ```text',
  '  demo  … ready',
  '  ```',
  '',
  'A sentence, and something that is no output of a command:',
  '',
  '```text',
  'hello',
  '```',
  '',
  '<!-- run: cluster -->',
  '```sh',
  'kubectl get redisworkers',
  '```',
  'words between',
  '```text',
  'no output',
  '```',
].join('\n');

test('a block belongs to the scenario that is named last above it', () => {
  const found = blocksOf('docs/a.md', page);
  expect(found.map(({ line, scenario, inAnotherTerminal }) => [line, scenario, inAnotherTerminal])).toEqual([
    [4, undefined, false],
    [10, 'laptop', true],
    [18, 'laptop', false],
    [34, 'cluster', false],
  ]);
});

test('the commands of a block are those of the page, without the indent of a list', () => {
  expect(blocksOf('docs/a.md', page)[2]?.commands).toBe('redisworker status\necho done');
});

test('a text block right below is the output it promises', () => {
  expect(blocksOf('docs/a.md', page).map(({ output }) => output)).toEqual([
    undefined,
    undefined,
    'demo  … ready',
    undefined,
  ]);
});

test('output keeps a promise whatever stands in the place of the dots and however wide its columns are', () => {
  const pattern = promised('NAME  READY\ndemo  … (ok)\n…\nend');
  expect('NAME    READY\ndemo   3 of 3 (ok)\nmore\nand more\nend\n').toMatch(pattern);
  expect('before\nNAME READY\ndemo  (ok)\nend\n').toMatch(pattern);
  expect('NAME READY\ndemo 3\nend\n').not.toMatch(pattern);
});
