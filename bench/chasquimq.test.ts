import { expect, it } from 'vitest';
import { servesChasqui } from './chasquimq.ts';

it('needs Redis 8.6, and no other server will do', () => {
  expect(['Redis 8.6.3', 'Redis 8.10.0', 'Redis 9.0.0'].map(servesChasqui)).toEqual([true, true, true]);
  expect(['Redis 7.0.15', 'Redis 8.4.1', 'Valkey 9.1.2', 'Redis of an unknown version'].map(servesChasqui)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
