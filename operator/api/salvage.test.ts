import { expect, test } from 'vitest';
import { withInline, worker } from '../../test/support/gen.ts';
import { salvaged } from './salvage.ts';

const withSpec = (spec: object) => ({ ...worker('w', withInline('')), spec });

test('what a spec that cannot be read says of Redis is kept, each field by itself', () => {
  const found = salvaged(withSpec({
    type: 'w-type',
    source: { nothing: 'known' },
    redis: { url: 'redis://there:6379' },
    stream: { request: 'their:requests' },
    deletionPolicy: 'Sometimes',
    handler: { concurrency: 'many' },
  }));
  expect(found?.spec).toMatchObject({
    type: 'w-type',
    redis: { url: 'redis://there:6379' },
    stream: { request: 'their:requests' },
    deletionPolicy: 'Delete',
    consumers: { count: 0 },
  });
});

test('a field that is wrong by itself does not take the others with it', () => {
  const found = salvaged(withSpec({ type: 'w-type', redis: { url: 7 }, stream: { group: 'theirs' } }));
  expect(found?.spec).toMatchObject({ type: 'w-type', stream: { group: 'theirs' } });
  expect(found?.spec.redis).toBeUndefined();
});

test('without a type there is nothing to clean up', () => {
  expect(salvaged(withSpec({ type: 'NOT A TYPE' }))).toBeUndefined();
});
