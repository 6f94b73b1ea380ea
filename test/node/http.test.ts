/** Workers that answer over HTTP, on a node: through their Service, to those that http.from names, and to nobody else. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { hatsWorker, worker } from '../support/gen.ts';
import { images } from '../support/node/images.ts';
import { listenIn } from '../support/node/listener.ts';
import { pod } from '../support/node/manifests.ts';
import type { Node } from '../support/node/node.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { openSite, patienceMs, type Site } from '../support/node/site.ts';
import { eventually } from '../support/wait.ts';

const hello = { path: '/hello', source: { inline: 'hello from <? response.Write(worker.Name) ?>' } };
const names = ['friend', 'stranger'] as const;

describeOnNode('a worker that answers over HTTP', () => {
  let node: Node;
  let site: Site;
  /** Where the Service is. */
  let service: string;

  beforeAll(async () => {
    node = sharedNode();
    site = await openSite(node, 'http');
    const command = ['sh', '-c', 'exec sleep 100000'];
    await node.apply(
      ...names.map((name) => pod({ namespace: site.namespace, name, image: images.busybox, command })),
    );
    await site.kubectl('wait', '--for=condition=Ready', '--timeout=120s', ...names.map((name) => `pod/${name}`));
    await site.startOperator();
  }, 400_000);
  afterAll(async () => await site.stop());

  const from = (app: string) => ({ from: [{ podSelector: { matchLabels: { app } } }] });
  const served = (app: string) =>
    hatsWorker('served', { consumers: { count: 2 }, http: from(app), hats: { endpoints: [hello] } });
  /** What somebody in the network of a pod is answered; undefined when he does not come through. */
  const asked = async (by: string, url: string) => {
    const { stdout } = await node.inPodNetwork({ namespace: site.namespace, name: by }, process.execPath, [
      '-e',
      `fetch('${url}', { signal: AbortSignal.timeout(3000) }).then((answer) => answer.text()).then(console.log, () => {})`,
    ]);
    return stdout.trim() === '' ? undefined : stdout.trim();
  };
  const answered = (by: string) => eventually(`${by} is answered`, async () => await asked(by, service), patienceMs);
  const pods = () => site.list('pods', '-l', 'redisworker.dev/name=served', '--field-selector=status.phase=Running');
  const uids = async () => (await pods()).map(({ metadata }) => metadata.uid).sort();

  /** Three times in a row. */
  async function untilRefused(by: string, url = service): Promise<void> {
    let inARow = 0;
    await eventually(`${by} is refused`, async () => {
      inARow = await asked(by, url) === undefined ? inARow + 1 : 0;
      return inARow === 3;
    }, patienceMs);
  }

  test(
    'answers a pod that http.from names by each of its own pods, on that port alone, and refuses its neighbor',
    async () => {
      await site.apply(served('friend'));
      await site.ready('served');
      service = `http://${await site.kubectl('get', 'service', 'served', '-o', 'jsonpath={.spec.clusterIP}')}/hello`;
      expect((await site.worker('served')).status).toMatchObject({
        http: { url: `http://served.${site.namespace}.svc` },
      });
      const seen = new Set([await answered('friend')]);
      await eventually('both pods have answered', async () => {
        seen.add(await answered('friend'));
        return seen.size === 2;
      }, patienceMs);
      expect([...seen].sort()).toEqual(['hello from served-1', 'hello from served-2']);
      await untilRefused('stranger');
      const [first] = await pods();
      const { podIP = '' } = first?.status as { podIP?: string };
      expect(await asked('friend', `http://${podIP}:8080/hello`)).toMatch(/^hello from/);
      expect(await asked('friend', `http://${podIP}:8085/healthz`)).toBeUndefined();
      expect(await asked('stranger', `http://${podIP}:8080/hello`)).toBeUndefined();
    },
    patienceMs * 2,
  );

  test('answers by its modules as well, each of which reaches its part of what is open to their pod', async () => {
    const hosts = ['198.51.100.51', '198.51.100.52', '198.51.100.53'] as const;
    const [one, other, third] = hosts.map((host) => `${host}:8001`) as [string, string, string];
    const listeners = await Promise.all(hosts.map(async (host) => listenIn(await node.outsideHost(host), 8001)));
    onTestFinished(async () => {
      await Promise.all(listeners.map((listener) => listener.stop()));
    });
    const inline = `export const dials = ({ host }) => {
  const [hostname, port] = host.split(':');
  return Deno.connect({ hostname, port: Number(port) }).then((socket) => (socket.close(), 'open'), (error) => error.name);
};`;
    const dialer = (name: string, host: string) => ({ name, source: { inline }, permissions: { net: [host] } });
    const modules = [dialer('one', one), dialer('other', other)];
    const spec = { runtime: 'Modules', http: from('friend'), permissions: { net: [one, other] }, modules };
    await site.apply({ ...worker('modular'), spec });
    await site.ready('modular');
    const url = `http://${await site.kubectl('get', 'service', 'modular', '-o', 'jsonpath={.spec.clusterIP}')}`;
    const dialled = async (module: string, host: string) =>
      await asked('friend', `${url}/${module}/dials?host=${host}`);
    await eventually('the friend is answered', () => dialled('one', one), patienceMs);
    const table = async (module: string) => [
      await dialled(module, one),
      await dialled(module, other),
      await dialled(module, third),
    ];
    expect(await table('one')).toEqual(['"open"', '"NotCapable"', '"NotCapable"']);
    expect(await table('other')).toEqual(['"NotCapable"', '"open"', '"NotCapable"']);
    expect(listeners.map((listener) => listener.came().length > 0)).toEqual([true, true, false]);
    const [pod] = await site.list('pods', '-l', 'redisworker.dev/name=modular');
    const network = await node.podNetwork({ namespace: site.namespace, name: pod!.metadata.name });
    expect(await network.dial(hosts.map((host) => ({ host, port: 8001 })))).toEqual(['Open', 'Open', 'Refused']);
    await untilRefused('stranger', `${url}/one/dials?host=${one}`);
  }, patienceMs * 2);

  test('lets others in, and those before no more, without a new pod', async () => {
    const before = await uids();
    await site.apply(served('stranger'));
    expect(await answered('stranger')).toMatch(/^hello from/);
    await untilRefused('friend');
    expect(await uids()).toEqual(before);
  }, patienceMs * 2);
});
