/** What happens to the network of workers when something changes under them: the scope, the policy, the engine. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import type { Reply } from '../../contract/reply.ts';
import { withInline, withNet, withSpec, worker } from '../support/gen.ts';
import { dialArgs } from '../support/node/dial.ts';
import { startUpstreamDns } from '../support/node/dns.ts';
import { type Listener, listenIn } from '../support/node/listener.ts';
import type { Node } from '../support/node/node.ts';
import { stopEnforcing, stoppedEngine } from '../support/node/policy-engine.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { openSite, patienceMs, type Site } from '../support/node/site.ts';
import { probingModule } from '../support/network-table/measure.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const [one, other] = ['198.51.100.30', '203.0.113.30'] as const;
const port = 8001;
const both = [one, other].map((host) => ({ host, port }));

let site: Site;
let node: Node;
let listeners: readonly Listener[];

const answersOf = async (type: string) => (await ask(site.redis.client, type, both, 120)).data as string[];
const policiesOf = (name: string) => site.list('networkpolicies', '-l', `redisworker.dev/name=${name}`);

/** What any program in the pod of a worker meets, three times in a row. */
async function untilDialled(name: string, ...expected: string[]): Promise<void> {
  let inARow = 0;
  await eventually(`${name} meets ${expected.join(', ')}`, async () => {
    const [pod] = await site.list(
      'pods',
      '-l',
      `redisworker.dev/name=${name}`,
      '--field-selector=status.phase=Running',
    );
    if (!pod) return false;
    const dialled = await node.inPodNetwork(
      { namespace: site.namespace, name: pod.metadata.name },
      process.execPath,
      dialArgs(both),
    );
    inARow = dialled.stdout === JSON.stringify(expected) ? inARow + 1 : 0;
    return inARow === 3;
  }, patienceMs);
}

/** Asks the worker again and again, a few requests under way at a time, until it is told to end. */
function traffic(type: string): { end(): Promise<Reply[]> } {
  const replies: Reply[] = [];
  let ended = false;
  const asker = async (): Promise<void> => {
    while (!ended) replies.push(await ask(site.redis.client, type, both, 120));
  };
  const askers = [asker(), asker(), asker()];
  return {
    async end() {
      ended = true;
      await Promise.all(askers);
      return replies;
    },
  };
}

describeOnNode('the network of a running worker', () => {
  beforeAll(async () => {
    node = sharedNode();
    site = await openSite(node, 'changes');
    listeners = await Promise.all([one, other].map(async (address) => listenIn(await node.outsideHost(address), port)));
    await site.startOperator();
  }, 400_000);
  afterAll(async () => {
    await site.stop();
    await Promise.all(listeners.map((listener) => listener.stop()));
  });

  test('follows a scope that is narrowed and widened under traffic, and no request is lost', async () => {
    const written = (...net: string[]) =>
      site.apply(worker('moving', withInline(probingModule), withNet(...net.map((host) => `${host}:${port}`))));
    await written(one, other);
    await site.ready('moving');
    await untilDialled('moving', 'Open', 'Open');
    const requests = traffic('moving');
    await written(one);
    await eventually(
      'the narrow scope is in force',
      async () => String(await answersOf('moving')) === 'Open,Denied',
      patienceMs,
    );
    await untilDialled('moving', 'Open', 'Refused');
    await site.ready('moving');
    await eventually('the wide policy is gone', async () => (await policiesOf('moving')).length === 1, patienceMs);
    await written(one, other);
    await eventually(
      'the wide scope is in force',
      async () => String(await answersOf('moving')) === 'Open,Open',
      patienceMs,
    );
    const replies = await requests.end();
    process.stdout.write(`${replies.length} requests while the scope moved, each answered\n`);
    expect(replies.filter(({ code }) => code !== 200)).toEqual([]);
    expect(new Set(replies.map(({ data }) => (data as string[])[0]))).toEqual(new Set(['Open']));
  }, patienceMs * 3);

  test('is what its modules name together, of which each dials its own part', async () => {
    const dial = `export const dial = (targets) => Promise.all(targets.map(async ({ host: hostname, port }) => {
      try {
        (await Deno.connect({ hostname, port })).close();
        return 'Open';
      } catch (error) {
        return error.name === 'NotCapable' ? 'Denied' : error.name;
      }
    }));`;
    const module = (name: string, ...net: string[]) => ({
      name,
      source: { inline: dial },
      permissions: { net: net.map((host) => `${host}:${port}`) },
    });
    const written = (...modules: object[]) => {
      const permissions = { net: both.map(({ host }) => `${host}:${port}`) };
      return site.apply({ ...worker('modular'), spec: { runtime: 'Modules', permissions, modules } });
    };
    const dialledBy = async (name: string) =>
      (await ask(site.redis.client, 'modular', [both], 120, { module: name, function: 'dial' })).data;
    await written(module('first', one), module('second', other));
    await site.ready('modular');
    await untilDialled('modular', 'Open', 'Open');
    expect([await dialledBy('first'), await dialledBy('second')]).toEqual([['Open', 'Denied'], ['Denied', 'Open']]);
    await written(module('first', one), module('second'));
    await untilDialled('modular', 'Open', 'Refused');
    expect([await dialledBy('first'), await dialledBy('second')]).toEqual([['Open', 'Denied'], ['Denied', 'Denied']]);
  }, patienceMs * 3);

  test('is closed again when its policy is opened or deleted by hand, under traffic', async () => {
    await site.apply(worker('guarded', withInline(probingModule), withNet(`${one}:${port}`)));
    await site.ready('guarded');
    await untilDialled('guarded', 'Open', 'Refused');
    const [policy] = await policiesOf('guarded');
    const requests = traffic('guarded');
    await site.kubectl(
      'patch',
      'networkpolicy',
      policy!.metadata.name,
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/egress","value":[{}]}]',
    );
    await eventually(
      'the policy is closed again',
      async () => JSON.stringify((await policiesOf('guarded'))[0]?.spec) === JSON.stringify(policy!.spec),
      patienceMs,
    );
    await untilDialled('guarded', 'Open', 'Refused');
    await site.kubectl('delete', 'networkpolicy', policy!.metadata.name);
    await eventually(
      'the policy is back',
      async () => JSON.stringify((await policiesOf('guarded'))[0]?.spec) === JSON.stringify(policy!.spec),
      patienceMs,
    );
    await untilDialled('guarded', 'Open', 'Refused');
    expect((await requests.end()).filter(({ code, data }) => code !== 200 || String(data) !== 'Open,Denied')).toEqual(
      [],
    );
    expect(await writesOf(policy!)).toEqual(['somebody patch', 'operator patch', 'somebody delete', 'operator patch']);
  }, patienceMs * 3);

  test('follows a name whose addresses come one at a time, with one write for several of them', async () => {
    const name = 'balanced.example';
    const addresses = ['198.51.100.41', '198.51.100.42', '198.51.100.43'];
    const hosts = await Promise.all(addresses.map(async (address) => listenIn(await node.outsideHost(address), port)));
    const dns = await startUpstreamDns(node, { [name]: { addresses, ttlSeconds: 1, inTurn: true } });
    onTestFinished(async () => {
      await Promise.all([dns, ...hosts].map((one) => one.stop()));
    });
    await site.apply(worker('balanced', withInline(probingModule), withNet(`${name}:${port}`)));
    await site.ready('balanced');
    const [first] = await policiesOf('balanced');
    await eventually('every address is open', async () => {
      const [policy] = await policiesOf('balanced');
      return addresses.every((address) => JSON.stringify(policy?.spec).includes(`"${address}/32"`));
    }, patienceMs);
    const dialled = async () => String((await ask(site.redis.client, 'balanced', [{ host: name, port }], 120)).data);
    await eventually(
      'connections go to each of them',
      async () => await dialled() === 'Open' && hosts.every((host) => host.came().length > 0),
      patienceMs,
    );
    for (let at = 0; at < 50; at++) expect(await dialled()).toBe('Open');
    expect((await policiesOf('balanced')).map(({ metadata }) => metadata.name)).toEqual([first!.metadata.name]);
    const writes = await writesOf(first!);
    expect(writes.length).toBeLessThan(addresses.length);
    expect(new Set(writes)).toEqual(new Set(writes.length > 0 ? ['operator patch'] : []));
  }, patienceMs * 3);

  test(
    'is told to be open where the engine enforces nothing, and user code that requires a closed one does not run',
    async () => {
      const enforceAgain = await stopEnforcing(node);
      try {
        const strict = withSpec({ networkPolicy: { enforcement: 'Required' } });
        await site.apply(
          worker('relaxed', withInline(probingModule)),
          worker('strict', withInline(`console.log('user code runs');\n${probingModule}`), strict),
        );
        expect(await site.told('relaxed', 'NetworkPolicyEnforced', 'NotEnforced')).toMatchObject({ status: 'False' });
        expect(await site.told('strict', 'NetworkPolicyEnforced', 'NotEnforced')).toMatchObject({
          message: expect.stringMatching(/user code does not run$/),
        });
        expect(await answersOf('relaxed')).toEqual(['Denied', 'Denied']);
        expect(await site.kubectl('logs', 'deployment/strict-1')).not.toContain('user code runs');
      } finally {
        enforceAgain();
      }
      expect(await site.told('strict', 'NetworkPolicyEnforced', 'Refused')).toMatchObject({ status: 'True' });
      await site.ready('strict');
      await untilDialled('strict', 'Refused', 'Refused');
      expect(await stoppedEngine(node)).toEqual([]);
    },
    patienceMs * 3,
  );
});

/** Who wrote a policy after it was made, in the order of the audit log. */
async function writesOf({ metadata: { name } }: KubeObject): Promise<string[]> {
  const writes = (await node.auditLog()).filter(({ verb, objectRef, responseStatus }) =>
    ['create', 'update', 'patch', 'delete'].includes(verb) && objectRef?.resource === 'networkpolicies' &&
    objectRef.namespace === site.namespace && objectRef.name === name && (responseStatus?.code ?? 0) < 300
  );
  return writes.slice(1).map(({ verb, userAgent = '' }) =>
    `${userAgent.startsWith('kubectl') ? 'somebody' : 'operator'} ${verb}`
  );
}
