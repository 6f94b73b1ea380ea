/** New code for workers on a real control plane: step by step, whatever comes in between, and past a canary. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeOnCluster } from '../support/control-plane/shared.ts';
import { describeOnKwok, startKwokFor } from '../support/control-plane/shared-kwok.ts';
import { answering, type FollowedWorker, followWorker } from '../support/followed-worker.ts';
import { withCount, withInline, withSpec, worker } from '../support/gen.ts';
import { ask } from '../support/requests.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { eventually } from '../support/wait.ts';

type Change = ReturnType<typeof withInline>;

const words = ['first', 'second', 'third'];
const says = (word: string) => withInline(answering(word));
const times = (count: number, word: string): string[] => Array.from({ length: count }, () => word);

describeOnKwok('a worker of eight, two of which may be not ready', () => {
  const eight = (word: string, ...changes: Change[]) => worker('w', withCount(8), says(word), ...changes);
  let stage: Stage;
  let followed: FollowedWorker;
  /** Of the node that takes no more pods; empty while there is room. */
  let node = '';

  beforeAll(async () => {
    stage = await openStage('rollout', {
      startPods: (namespace) => startKwokFor([namespace], { nodes: 1 }),
      args: ['--no-leader-elect'],
    });
    followed = await followWorker(stage, 'w', words);
  });
  afterAll(async () => {
    await followed.stop();
    await stage.stop();
  });
  beforeEach(async () => {
    await stage.apply(eight('first'));
    await followed.isReady();
  });
  afterEach(() => makeRoom());

  const apply = async (...given: Parameters<typeof eight>) => {
    await stage.apply(eight(...given));
    await followed.isSeen();
  };
  /** From now on a pod that is made waits for a node. */
  async function takeRoom(): Promise<void> {
    node = await stage.kubectl('get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}');
    await stage.kubectl('cordon', node);
  }
  async function makeRoom(): Promise<void> {
    if (node !== '') await stage.kubectl('uncordon', node);
    node = '';
  }
  /** Two consumers have new code and no room yet; so it stays until there is room. */
  async function inTheMiddle(): Promise<void> {
    await takeRoom();
    await apply('second');
    await eventually('two have new code', () => runners('second') === 2 && readyOnes() === 6, 60_000);
  }
  const runners = (word: string) => Object.values(followed.runs()).filter((one) => one === word).length;
  const readyOnes = () => Object.keys(followed.ready()).length;

  test('gets new code in steps of two: six are ready at every moment, and each pod is made once', async () => {
    const end = followed.watch();
    await stage.apply(eight('second'));
    await followed.isReady();
    expect(end()).toEqual({ fewestReady: 6, made: times(8, 'second') });
    expect(runners('second')).toBe(8);
  });

  test('that is edited in the middle takes no more consumers: those that were taken get what is asked for now', async () => {
    const end = followed.watch();
    await inTheMiddle();
    await apply('third');
    await eventually('both have it', () => runners('third') === 2, 60_000);
    expect([readyOnes(), runners('first')]).toEqual([6, 6]);
    await makeRoom();
    await followed.isReady();
    expect(end()).toEqual({ fewestReady: 6, made: [...times(2, 'second'), ...times(8, 'third')] });
  });

  test('is back at once where the manifest before is applied in the middle, and the others were never touched', async () => {
    const before = followed.ready();
    const end = followed.watch();
    await inTheMiddle();
    await apply('first');
    await eventually('all run it', () => runners('first') === 8, 60_000);
    await makeRoom();
    await followed.isReady();
    expect(end()).toEqual({ fewestReady: 6, made: [...times(2, 'second'), ...times(2, 'first')] });
    const now = followed.ready();
    expect(Object.keys(before).filter((id) => now[id] === before[id])).toEqual(['3', '4', '5', '6', '7', '8']);
  });

  test('goes on where it was when the operator was killed in the middle, and starts no pod twice', async () => {
    const end = followed.watch();
    await inTheMiddle();
    await stage.stopOperator('SIGKILL');
    await makeRoom();
    await eventually('both are ready meanwhile', () => readyOnes() === 8, 60_000);
    await stage.startOperator();
    await eventually('the next two are taken', () => runners('second') > 2, 60_000);
    await stage.stopOperator('SIGKILL');
    await stage.startOperator();
    await followed.isReady();
    expect(end()).toEqual({ fewestReady: 6, made: times(8, 'second') });
  });

  test('that is suspended in the middle has no pod, and comes back with what is asked for now', async () => {
    await inTheMiddle();
    await apply('second', withSpec({ suspend: true }));
    await eventually('no pod is left', () => Object.keys(followed.runs()).length === 0, 60_000);
    await makeRoom();
    const end = followed.watch();
    await stage.apply(eight('second', withSpec({ suspend: false })));
    await followed.isReady();
    expect(end().made).toEqual(times(8, 'second'));
  });

  test('that is scaled in the middle, down and up, keeps those that work, and ends with new code on all', async () => {
    const end = followed.watch();
    await inTheMiddle();
    const before = followed.ready();
    await apply('second', withCount(4));
    await eventually('four are left', () => Object.keys(followed.runs()).join() === '1,2,3,4', 60_000);
    expect(followed.ready()).toEqual({ 3: before['3'], 4: before['4'] });
    await apply('second');
    await eventually('eight are made again', () => Object.keys(followed.runs()).length === 8, 60_000);
    expect(followed.ready()).toEqual({ 3: before['3'], 4: before['4'] });
    await makeRoom();
    await followed.isReady();
    const { fewestReady, made } = end();
    expect([fewestReady, runners('second')]).toEqual([2, 8]);
    expect(made).toEqual(times(8, 'second'));
  });
});

describeOnCluster('a canary of a worker of three', () => {
  const careful = (word: string, code: Change = says(word)) =>
    worker(
      'w',
      withCount(3),
      code,
      withSpec({ rollout: { canary: { minRequests: 20, maxFailureRatio: 0.2, seconds: 300 } } }),
    );
  let stage: Stage;
  let followed: FollowedWorker;

  beforeAll(async () => {
    stage = await openStage('canary');
    followed = await followWorker(stage, 'w', words);
    await stage.apply(careful('first'));
    await followed.isReady();
  });
  afterAll(async () => {
    await followed.stop();
    await stage.stop();
  });

  const condition = (type: string) => followed.status().conditions?.find((one) => one.type === type);
  /** Asks until it is so. */
  const askUntil = (what: string, isSo: () => boolean) =>
    eventually(what, async () => {
      await Promise.all([1, 2, 3, 4].map((data) => ask(stage.redis.client, 'w', data, 60)));
      return isSo();
    }, 300_000);

  test('that answers well is followed by the others', { timeout: 400_000 }, async () => {
    const end = followed.watch();
    await stage.apply(careful('second'));
    await askUntil('it is promoted', () => followed.status().rollout?.canary?.verdict === 'Promoted');
    await followed.isReady();
    expect(end()).toEqual({ fewestReady: 2, made: times(3, 'second') });
    expect(followed.status().rollout?.canary).toMatchObject({ failed: 0 });
  });

  test(
    'that fails is taken back, which a condition says, and its code reaches no other',
    { timeout: 400_000 },
    async () => {
      const end = followed.watch();
      await stage.apply(careful('third', withInline(`export default () => { throw new Error('no table'); };\n`)));
      await askUntil('it has failed', () => condition('Stalled')?.reason === 'CanaryFailed');
      expect(condition('Stalled')?.message).toMatch(
        /^new code has failed on the canary: \d+ of \d+ requests failed there and 0 of \d+ elsewhere/,
      );
      expect(condition('Ready')).toMatchObject({ status: 'False', reason: 'CanaryFailed' });
      await eventually(
        'all run what worked',
        () =>
          Object.keys(followed.ready()).length === 3 && Object.values(followed.runs()).every((one) => one === 'second'),
        60_000,
      );
      expect(end()).toEqual({ fewestReady: 2, made: ['other', 'second'] });
      expect(await ask(stage.redis.client, 'w', 1)).toMatchObject({ code: 200, data: 'second' });
    },
  );
});
