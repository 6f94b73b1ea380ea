import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Failure } from './failure.ts';
import { testIo } from '../test/support/io.ts';
import type { Environment, Io } from './io.ts';
import { defaultSession } from './session-name.ts';
import { findTarget, type Wanted } from './target.ts';

const wanted: Wanted = { type: 'demo', session: defaultSession, tlsFiles: undefined, keysNamed: false };
const operatorRedis = { url: 'redis://op@r:6379/0', password: 'of the operator' };

function ioWith(environment: Environment): Io {
  const runtimeFolder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  onTestFinished(() => rmSync(runtimeFolder, { recursive: true }));
  return testIo({ environment: { ...environment, runtimeFolder } });
}

test('without a session a command uses the Redis of the operator whose environment it has', async () => {
  expect(await findTarget(wanted, ioWith({ operatorRedis, redisPassword: 'of somebody' }))).toMatchObject({
    redisUrl: operatorRedis.url,
    password: operatorRedis.password,
  });
});

test('a Redis that is named goes before it, with the password given for that', async () => {
  const io = ioWith({ operatorRedis, redisPassword: 'of somebody' });
  expect(await findTarget({ ...wanted, redisUrl: 'redis://other' }, io)).toMatchObject({
    redisUrl: 'redis://other',
    password: 'of somebody',
  });
});

test('without either it says how to name one', async () => {
  await expect(findTarget(wanted, ioWith({}))).rejects.toThrow(Failure);
});
