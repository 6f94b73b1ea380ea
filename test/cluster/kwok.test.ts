/** Nodes that are none, which tests at scale stand on: a worker on them becomes Ready as on any other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubectl } from '../support/control-plane/shared.ts';
import { describeOnKwok, startKwokFor } from '../support/control-plane/shared-kwok.ts';
import { withCount, worker } from '../support/gen.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { eventually } from '../support/wait.ts';

describeOnKwok('on nodes of kwok', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage('kwok', { startPods: (namespace) => startKwokFor([namespace], { nodes: 1 }) });
  });
  afterAll(() => stage.stop());

  const pods = async () => {
    const list = await stage.kubectl('get', 'pods', '-o', 'json');
    return (JSON.parse(list) as { items: { spec: { nodeName?: string } }[] }).items;
  };

  test('a worker becomes Ready, and one that is deleted leaves no pod', async () => {
    await stage.apply(worker('simulated', withCount(2)));
    const { code, stderr } = await kubectl([
      ...['-n', stage.namespace, 'wait', '--for=condition=Ready', 'rw/simulated', '--timeout=90s'],
    ]);
    expect(code, `${stderr}${await stage.kubectl('describe', 'rw,pods')}${stage.operatorOutput()}`).toBe(0);
    expect((await pods()).map(({ spec }) => spec.nodeName)).toEqual([
      expect.stringMatching(/^kwok-/),
      expect.stringMatching(/^kwok-/),
    ]);
    await stage.kubectl('delete', 'rw/simulated', '--timeout=60s');
    await eventually('no pod is left', async () => (await pods()).length === 0, 60_000);
  });
});
