import { expect, test } from 'vitest';
import { withSpec, worker } from '../test/support/gen.ts';
import { deadLetterStream, requestStream, workerType } from './worker-type.ts';

const keysOf = (
  object: ReturnType<typeof worker>,
): string[] => [workerType(object), requestStream(object), deadLetterStream(object)];

test('the keys of a worker come from its manifest, else from its type, else from its name', () => {
  expect(keysOf(worker('w'))).toEqual(['w', 'w:req:x', 'w:dead:x']);
  expect(keysOf(worker('w', withSpec({ type: 'greeter' })))).toEqual(['greeter', 'greeter:req:x', 'greeter:dead:x']);
  expect(keysOf(worker('w', withSpec({ stream: { request: 'in' }, handler: { deadLetter: 'graveyard' } })))).toEqual([
    'w',
    'in',
    'graveyard',
  ]);
});
