import { expect, test } from 'vitest';
import { localUid } from '../../local-uid.ts';
import { hashConflict } from './problem.ts';

test('a hash of another session on this machine is told with the name of the session, whatever the name is', () => {
  for (const session of ['up', 'second', 'a-b-0123456789abcdef']) {
    const owner = `default/w/${localUid(session, '0123456789abcdef0123')}`;
    expect(hashConflict('w:1:h', owner, 'p')).toContain(
      `it is of the session "${session}" of "redisworker up": stop that one, start this one with --name ${session}`,
    );
  }
});

test('a hash of a worker of a cluster is told with its UID', () => {
  expect(hashConflict('w:1:h', 'default/w/5f1e7a3c-1111-4222-8333-0123456789ab')).toBe(
    'config hash "w:1:h" belongs to default/w/5f1e7a3c-1111-4222-8333-0123456789ab: delete that worker, or delete the hash if it is left over',
  );
});
