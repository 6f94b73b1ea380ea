/** `redisworker hats` for a worker of a cluster: as it runs in the pod of the operator, with its rights; logs from outside. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../../cli/main.ts';
import { createAccount } from '../support/control-plane/service-account.ts';
import { describeOnCluster, sharedCluster } from '../support/control-plane/shared.ts';
import { hatsWorker } from '../support/gen.ts';
import { testIo } from '../support/io.ts';
import { startTestNode } from '../support/operator.ts';
import { guardPassword } from '../support/redis.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { eventually } from '../support/wait.ts';

const patience = 60_000;
const source = (inline: string) => ({ source: { inline } });

/** Named otherwise than its type, and its HATS cluster otherwise than both. */
const chores = hatsWorker('chores', {
  type: 'house-work',
  consumers: { count: 2 },
  hats: {
    cluster: 'house',
    threads: [{
      name: 'talk.js',
      hang: '1h',
      ...source('var n = 0; function main() { n = n + 1; console.log("call", n); }'),
    }],
    jobs: [{ name: 'yearly.js', cron: '@yearly', ...source('console.log("a year is over");\nnone();') }],
  },
});

describeOnCluster('scripts of a worker in a cluster', () => {
  let stage: Stage;
  let kubeconfig: string;

  beforeAll(async () => {
    stage = await openStage('hats', { startPods: (namespace) => startTestNode(namespace, { servesLogs: true }) });
    kubeconfig = (await createAccount(sharedCluster(), { namespace: stage.namespace })).kubeconfig;
    await stage.apply(chores);
    await stage.kubectl('wait', '--for=condition=Ready', 'rw/chores', `--timeout=${patience}ms`);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await stage.kubectl('delete', 'rw', '--all', '--timeout=60s');
    await stage.stop();
  });

  /** In the pod of the operator there is its Redis, and the API server knows it as the operator. */
  async function hats(...words: string[]) {
    vi.stubEnv('KUBECONFIG', kubeconfig);
    const operatorRedis = { url: stage.redis.url, password: guardPassword };
    const io = testIo({ environment: { inPod: true, operatorRedis } });
    const code = await main(['hats', ...words, '--namespace', stage.namespace], io);
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  }

  const stateOf = (key: string) => stage.redis.client.hget(key, 'State');

  test('are listed and shown by the name of the worker, and switched', async () => {
    const { out } = await eventually('both are found', async () => {
      const told = await hats('list', 'chores');
      return /Threads:talk\.js +running +enabled +house-work-[12]/.test(told.out) && told;
    }, patience);
    expect(out).toMatch(/^SCRIPT +STATE +STATUS +OWNER +ERROR\nJobs:yearly\.js +stopped +enabled/);
    expect((await hats('show', 'chores', 'yearly.js')).out).toMatch(/^Cron +@yearly\n/m);
    expect(await hats('disable', 'chores', 'talk.js')).toEqual({
      code: 0,
      out: 'house:Threads:talk.js is disabled',
      err: '',
    });
    await eventually('it has stopped', async () => await stateOf('house:Threads:talk.js') === 'stopped', patience);
    expect(await hats('enable', 'chores', 'talk.js')).toMatchObject({ code: 0 });
    await eventually('it runs', async () => await stateOf('house:Threads:talk.js') === 'running', patience);
  });

  test('are run once and now by a pod of theirs, with what they log and where they fail', async () => {
    expect(await hats('run', 'chores', 'talk.js')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^call \d+$/),
      err: expect.stringMatching(/^Threads:talk\.js ran on house-work-[12] in \d+ ms$/),
    });
    expect(await hats('run', 'chores', 'Jobs:yearly.js')).toEqual({
      code: 1,
      out: 'a year is over',
      err: expect.stringMatching(
        /^(redisworker: )?Jobs:yearly\.js failed on house-work-[12]: ReferenceError: 'none' is not defined \(line 2, column 1\)$/,
      ),
    });
    expect((await hats('run', 'chores', 'none.js')).err).toContain(
      'there is no script none.js; "redisworker hats list chores" shows which there are',
    );
  });

  test('have their lines found, whichever pod ran them', async () => {
    const { out } = await eventually('its lines are there', async () => {
      const told = await hats('logs', 'chores', 'yearly.js');
      return told.out.includes('a year is over') && told;
    }, patience);
    expect(out).not.toContain('talk.js');
    expect(out).toMatch(/^chores-[12]-\S+ \| .*a year is over.*job=yearly\.js/m);
    expect((await hats('logs', 'chores', 'Threads:talk.js')).out).toMatch(/\| .*call \d+.*thread=talk\.js/);
  });
});
