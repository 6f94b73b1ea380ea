import { expect, test } from 'vitest';
import { observed } from '../../../test/support/observed.ts';
import { withSpec, worker } from '../../../test/support/gen.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { KeptCode } from '../../code/resolver.ts';
import { keptSource, sourceConfigMaps } from '../desired/source-config-map.ts';
import type { Source } from '../model/observed.ts';
import type { World } from '../world.ts';
import { findCode } from './code.ts';

const image = 'registry.example/code@sha256:0';
const answer: KeptCode = {
  kind: 'resolved',
  code: 'export default () => 1;\n',
  map: '',
  mapName: 'a.map',
  digest: `sha256-${'a'.repeat(64)}`,
  bytes: 25,
  entry: 'https://code.example/worker.ts',
  modules: 1,
  time: '2026-01-01T00:00:00.000Z',
};

/** What a look finds of code at an address, which is answered so. */
async function found(url: string, answered: KeptCode, configMaps: readonly KubeObject[] = []): Promise<Source> {
  const object = worker('w', withSpec({ source: { url } }));
  const { spec, aesKey } = observed(object);
  const world = { following: { code: { ask: () => Promise.resolve(answered) } }, defaults: {} } as unknown as World;
  const { source } = await findCode(world, { object, blueprint: spec!.blueprint, configMaps, aesKey, referred: [] });
  if (!source.ok) throw new Error(source.problem.message);
  return source.value;
}
const { parent } = observed(worker('w')).spec!.blueprint;
const stored = (source: Source) => sourceConfigMaps(parent, source).map((one) => keptSource(one as KubeObject));

test('code that a registry keeps is found again by the ConfigMap that names its image, and nobody is asked', async () => {
  const first = await found('https://code.example/worker.ts', { ...answer, image });
  expect(first).toMatchObject({ parts: [{ data: { image } }], origin: { image } });
  const asked = { ...answer, digest: 'sha256-other' };
  const again = await found('https://code.example/worker.ts', asked, stored(first));
  expect(again).toMatchObject({ digest: answer.digest, parts: [], origin: { image } });
});

test('the same code that lies in ConfigMaps already stays there, and restarts no pod', async () => {
  const held = stored(await found('https://code.example/worker.ts', answer));
  const source = await found('https://code.example/other.ts', { ...answer, image }, held);
  expect(source.origin?.image).toBeUndefined();
  expect(stored(source).map(({ metadata }) => metadata.name)).toEqual(held.map(({ metadata }) => metadata.name));
});
