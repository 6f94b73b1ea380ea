import { expect, test } from 'vitest';
import { observed } from '../../../test/support/observed.ts';
import { withCount, worker } from '../../../test/support/gen.ts';
import { configMapsOf } from '../model/children.ts';
import { sourceOfPart } from '../model/names.ts';
import { planOf } from '../plan/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';

const seen = observed(worker('w', withCount(2)));
const desiredOf = (spec: Partial<ObservedSpec>, aesKey = seen.aesKey) => {
  const around: Observed = { ...seen, aesKey, spec: { ...seen.spec!, ...spec } };
  return planOf(around).desired!;
};

test('what follows from the same blueprint and login is not made again, and from another key it is', () => {
  const first = desiredOf({});
  expect(desiredOf({}).deployments).toBe(first.deployments);
  const other = desiredOf({}, 'f'.repeat(32));
  expect(other.deployments).not.toEqual(first.deployments);
  expect(desiredOf({}).deployments).toEqual(first.deployments);
});

test('another blueprint that says the same leads to the same objects', () => {
  const again = desiredOf({ blueprint: { ...seen.spec!.blueprint } });
  expect(again).toEqual(desiredOf({}));
});

test('code that a registry keeps is an image to pods, and a ConfigMap that names it goes with them', () => {
  const image = 'registry.example/code@sha256:0';
  const digest = `sha256-${'a'.repeat(64)}`;
  const origin = { request: 'r', digest, bytes: 1, entry: 'e', modules: 1, parts: ['p'], image, time: 't' };
  const source = { parts: [{ data: { image } }], fileName: 'worker.js', digest, bytes: 1, origin, origins: [origin] };
  const { sources: [named, ...others], deployments } = desiredOf({ source: { ok: true, value: source } });
  const whole = desiredOf({
    source: {
      ok: true,
      value: { ...source, parts: [{ data: { 'worker.js': ' ' } }], origin: { ...origin, image: undefined } },
    },
  }).sources[0];
  expect(others).toEqual([]);
  expect(named).toMatchObject({ immutable: true, data: { image } });
  expect(named?.metadata.name).not.toBe(whole?.metadata.name);
  expect(sourceOfPart(named!.metadata.name)).toBe(whole?.metadata.name);
  for (const deployment of deployments.values()) {
    const { spec } = (deployment.spec as { template: { spec: { volumes: object[] } } }).template;
    expect(spec).toMatchObject({
      volumes: [
        { name: 'source', image: { reference: image, pullPolicy: 'IfNotPresent' } },
        { name: 'source-note', configMap: { name: named?.metadata.name } },
        { name: 'secret' },
        { name: 'scratch' },
      ],
      containers: [{ volumeMounts: [{ name: 'source' }, { name: 'secret' }, { name: 'scratch' }] }],
    });
    expect(configMapsOf(spec.volumes)).toEqual([named?.metadata.name]);
  }
});
