import { expect, test } from 'vitest';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';

const resolve = (spec: Record<string, unknown>, redisUrl = 'redis://127.0.0.1:6379/0') => {
  const { blueprint, problems } = observed(worker('w', withSpec(spec)), { defaults: { redisUrl } }).spec!;
  return { blueprint, problems: problems.map(({ message }) => message) };
};
const cluster = { redis: { urls: ['redis://a', 'redis://b'], cluster: 'Enabled' } };

test('the keys of a worker begin with its type, and in a Cluster with the type as their tag', () => {
  expect(resolve({}).blueprint.work.hash).toMatchObject({ requestStream: 'w:req:x', responseStream: 'w:res:x' });
  for (const { blueprint, problems } of [resolve(cluster), resolve({}, 'redis+cluster://a,b')]) {
    expect(blueprint.keyPrefix).toBe('{w}');
    expect(blueprint.work).toMatchObject({
      hash: { requestStream: '{w}:req:x', responseStream: '{w}:res:x' },
      settings: { deadLetterStream: '{w}:dead:x' },
      retries: '{w}:retry:z',
    });
    expect(problems).toEqual([]);
  }
});

test("a worker of the operator's Redis is held to what a Cluster can, when that is one", () => {
  const url = 'redis+cluster://a';
  expect(resolve({ runtime: 'Script' }, url).problems).toEqual([
    expect.stringContaining('runtime Script cannot work on a Redis Cluster'),
  ]);
  expect(resolve({ stream: { request: 'in' } }, url).problems).toEqual([
    expect.stringContaining('must carry the worker type in braces'),
  ]);
  expect(resolve({ stream: { request: '{w}:in:x' } }, url).problems).toEqual([]);
});

test("a worker that names no server has the operator's Redis", () => {
  const { blueprint } = resolve({ redis: {} });
  expect([blueprint.redis, blueprint.redisUrl]).toEqual([undefined, 'redis://127.0.0.1:6379/0']);
});
