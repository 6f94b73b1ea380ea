/** Two operators, each in a namespace of its own and with rights in no other, installed with different versions of Helm. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Helm, openHelm } from '../support/node/helm.ts';
import { withInline, worker } from '../support/gen.ts';
import { importDefaultImages } from '../support/node/product-images.ts';
import { openRelease, type Release, releaseName, removeCrd } from '../support/node/release.ts';
import { describeOnNode, sharedNode } from '../support/node/shared.ts';
import { patienceMs } from '../support/node/site.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';

const timeout = `--timeout=${patienceMs / 1000}s`;

describeOnNode('two releases', () => {
  describeWith('helm3', 'helm4')('in two namespaces', () => {
    let helms: Helm[] = [];
    let releases: Release[] = [];
    const both = <T>(act: (release: Release, helm: Helm, at: number) => Promise<T>) =>
      Promise.all(releases.map((release, at) => act(release, helms[at]!, at)));
    const uninstall = (release: Release, helm: Helm) =>
      helm.try('uninstall', releaseName, ...release.where, '--wait', timeout);

    beforeAll(async () => {
      const node = sharedNode();
      await Promise.all([importDefaultImages(node), removeCrd(node)]);
      helms = await Promise.all((['helm3', 'helm4'] as const).map((name) => openHelm(toolPath(name), node)));
      releases = [await openRelease(node, 'one'), await openRelease(node, 'other')];
    });
    afterAll(async () => {
      await both((release) => release.deleteWorkers());
      await both(uninstall);
      await Promise.all(helms.map((helm) => helm.close()));
    });

    test('are installed one after the other, and share the kind of workers', async () => {
      for (const [at, release] of releases.entries()) {
        const values = ['--set', `watchNamespace=${release.namespace}`, '--set', 'redis.trial.enabled=true'];
        await helms[at]!.ok(
          'install',
          releaseName,
          helms[at]!.packaged,
          ...release.where,
          ...values,
          '--wait',
          timeout,
        );
      }
    });

    test('run workers of one name and type, each with its own Redis and its own answers', async () => {
      await both((release, _, at) =>
        release.node.apply({
          ...worker('twin', withInline(`export default () => 'of ${at}';\n`)),
          metadata: { name: 'twin', namespace: release.namespace },
        })
      );
      await both((release) => release.ready('twin'));
      const replies = await both((release) => release.inOperator('redisworker', 'send', 'twin', '{}'));
      expect(replies.map((reply) => /of \d/.exec(reply)?.[0])).toEqual(['of 0', 'of 1']);
    });

    test('hold no right outside their namespaces, and ask for none', async () => {
      const [one, other] = releases.map(({ namespace }) => namespace) as [string, string];
      const as = `--as=system:serviceaccount:${one}:${releaseName}`;
      const canI = async (...what: string[]) =>
        (await sharedNode().kubectl(['auth', 'can-i', ...what, as])).stdout.trim();
      expect(await canI('get', 'secrets', '-n', one)).toBe('yes');
      expect(await canI('get', 'secrets', '-n', other)).toBe('no');
      expect(await canI('list', 'redisworkers', '--all-namespaces')).toBe('no');
      const asked = (await sharedNode().auditLog()).filter(({ user }) =>
        [one, other].some((namespace) => user.username === `system:serviceaccount:${namespace}:${releaseName}`)
      );
      expect(asked.length).toBeGreaterThan(10);
      const abroad = asked.filter(({ user, objectRef }) =>
        objectRef?.resource !== undefined && objectRef.namespace !== user.username?.split(':')[2]
      );
      expect(abroad.map(({ user, requestURI }) => `${user.username} ${requestURI}`)).toEqual([]);
    });

    test('end alone: what the other runs goes on', async () => {
      const [one, other] = releases as [Release, Release];
      await one.deleteWorkers();
      expect((await uninstall(one, helms[0]!)).code).toBe(0);
      expect(await other.inOperator('redisworker', 'send', 'twin', '{}')).toContain('of 1');
    });
  });
});
