import { expect, test } from 'vitest';
import { programName, type Started } from './program.ts';

const searchPath = ['/usr/bin', '/home/ann/bin'];

test.each<[string, Omit<Started, 'searchPath'>, string]>([
  ['npx', { script: '/c/cli/redisworker.js', folder: '/c', npmCommand: 'exec' }, 'npx redisworker'],
  ['a script of npm', { script: '/c/cli/redisworker.js', folder: '/c', npmCommand: 'run-script' }, 'npx redisworker'],
  ['its name on PATH', { script: '/home/ann/bin/redisworker', folder: '/c' }, 'redisworker'],
  [
    'a link outside PATH',
    { script: '/c/node_modules/.bin/redisworker', folder: '/c' },
    'node node_modules/.bin/redisworker',
  ],
  ['Node in the checkout', { script: '/c/cli/redisworker.js', folder: '/c' }, 'node cli/redisworker.js'],
  ['Node elsewhere', { script: '/c/cli/redisworker.js', folder: '/d' }, 'node ../c/cli/redisworker.js'],
  ['another program', { script: '/c/cli/demo.ts', folder: '/c', npmCommand: 'run-script' }, 'redisworker'],
])('started by %s, hints say how to do so again', (_, started, name) => {
  expect(programName({ ...started, searchPath })).toBe(name);
});
