/** What Cilium's own code makes of our policies: it takes them, closes both directions, and opens the names Deno allows. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { denoAllows } from '../../operator/redisworker/network/allow-net/deno-allows.ts';
import { formatScope } from '../../operator/redisworker/network/allow-net/canonical.ts';
import { egressOf } from '../../operator/code-jobs/egress.ts';
import { policyOf } from '../../operator/code-jobs/objects.ts';
import { ciliumPolicy } from '../../operator/redisworker/desired/cilium-policy.ts';
import { callersOf } from '../../operator/redisworker/network/ingress.ts';
import { ciliumCheck } from '../support/cilium-check/build.ts';
import { ciliumInput, ciliumRows } from '../support/cilium-rows.ts';
import { describeOnCluster } from '../support/control-plane/shared.ts';
import { taken } from '../support/net-corpus.ts';

interface Question {
  readonly policy: unknown;
  readonly names: readonly string[];
}
interface Answer {
  readonly error: string;
  readonly closed: readonly string[];
  readonly asked: readonly string[];
  readonly opened: readonly string[];
}

let program: string;

/** Asks all questions of one process. */
async function judge(questions: readonly Question[]): Promise<Answer[]> {
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      program,
      { maxBuffer: 1 << 28 },
      (error, stdout) => (error ? reject(new Error(error.message)) : resolve(stdout)),
    );
    child.stdin?.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  });
  return output.trim().split('\n').map((line) => JSON.parse(line) as Answer);
}

const outsideNames = [
  'example.com',
  'api.example.com',
  'a.b.example.com',
  'a.b.c.example.com',
  'notexample.com',
  'example.org',
  'x.example.org',
  'example.com.evil.net',
  'example',
  'com',
  'a_b.example.com',
  'api-example.com',
  'smtp.example.net',
];
const hosts = fc.oneof(
  fc.constantFrom(
    ...outsideNames.filter((name) => name.includes('.')),
    '*.example.com',
    '*.b.example.com',
    '*.example.org',
    '*.cluster.local',
    '*.app.svc',
  ),
  fc.constantFrom(
    'web',
    'web.app',
    'redis.app.svc.cluster.local',
    'peers',
    'peer-0.peers',
    'legacy',
    'mail',
    'alias',
    'first-peer',
    'db.data',
    'absent',
    'kubernetes.default.svc',
    'localhost',
  ),
  fc.constantFrom(
    '192.0.2.1',
    '192.0.2.0/24',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '[2001:db8::7]',
    '10.96.0.11',
    '169.254.0.0/16',
    '127.0.0.1',
  ),
  fc.constantFrom(...taken.map(([text]) => text).filter((text) => !/:\d+$/.test(text))),
);
const entry = fc.tuple(
  hosts,
  fc.oneof(
    fc.constantFrom('', ':443', ':80', ':6379', ':7000'),
    fc.integer({ min: 1, max: 65_535 }).map((port) => `:${port}`),
  ),
)
  .map(([host, port]) => (host.startsWith('unix:') || host.startsWith('vsock:') ? host : `${host}${port}`));
const scopes = fc.record({
  net: fc.array(entry, { maxLength: 12 }),
  deny: fc.array(entry, { maxLength: 4 }),
  redis: fc.constantFrom('redis', '127.0.0.1', 'cache.example.net', '192.0.2.9', 'legacy'),
});

describeOnCluster('Cilium', () => {
  beforeAll(async () => {
    program = await ciliumCheck();
  }, 1_200_000);

  test('takes every golden policy and closes what it does not open', async () => {
    const policies = Object.keys(ciliumRows).map((name) =>
      parse(readFileSync(`test/golden/cilium/${name}.yaml`, 'utf8')) as object
    );
    const { callers } = callersOf([
      { podSelector: { matchLabels: { app: 'shop' } } },
      { namespaceSelector: { matchLabels: {} } },
      { namespaceSelector: { matchLabels: { team: 'web' } } },
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
    ], 'app');
    policies.push(ciliumPolicy({ ...ciliumInput({}), callers }).policy);
    const answers = await judge(policies.map((policy) => ({ policy, names: [] })));
    expect(answers).toEqual(policies.map(() => ({ error: '', closed: ['ingress', 'egress'], asked: [], opened: [] })));
  });

  test('opens to a Job that resolves code the names of its hosts and its proxies, and closes the rest', async () => {
    const lookUp = () => Promise.reject(new Error("names are Cilium's to look up"));
    const rules = egressOf({ cluster: { list: () => Promise.resolve([]) }, lookUp, clusterBlocks: [] });
    const hosts = ['api.example.com:443', '*.b.example.com:443', '192.0.2.1:8080'];
    const opened = await rules('shop', { hosts, proxies: ['smtp.example.net:3128'], flavor: 'Cilium' });
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job', namespace: 'shop', uid: 'a' } };
    const request = { entry: { kind: 'url', url: 'https://api.example.com/w.ts' }, registries: {} } as const;
    const policy = policyOf(job, { asker: 'shop/one', id: 'ab'.repeat(32), request }, opened);
    const names = ['api.example.com', 'a.b.example.com', 'b.example.com', 'smtp.example.net'];
    const [answer] = await judge([{ policy, names: outsideNames }]);
    expect(answer).toMatchObject({ error: '', closed: ['ingress', 'egress'] });
    expect([...answer!.opened].sort()).toEqual(outsideNames.filter((name) => names.includes(name)).sort());
    expect(answer!.asked).toEqual(expect.arrayContaining(answer!.opened as string[]));
  });

  test('would refuse what it does not know and leave open what has no rule: the check is one', async () => {
    const { policy } = ciliumPolicy(ciliumInput({}));
    const wrong = [{ ...policy, spec: { ...policy.spec, egress: [{ toHosts: ['all'] }] } }, {
      ...policy,
      spec: { ...policy.spec, egress: [{ toEntities: ['everybody'] }] },
    }];
    const open = { ...policy, spec: { ...policy.spec, egress: [] } };
    const [unknown, unsupported, left] = await judge([...wrong, open].map((one) => ({ policy: one, names: [] })));
    expect(unknown?.error).toContain('toHosts');
    expect(unsupported?.error).toContain('everybody');
    expect(left?.closed).toEqual(['ingress']);
  });

  test('takes the policies of 2000 scopes, and opens exactly the names outside that Deno allows on some port', async () => {
    const cases = fc.sample(scopes, { numRuns: 2000, seed: 1 }).map((row) => ({ row, input: ciliumInput(row) }));
    const answers = await judge(
      cases.map(({ input }) => ({ policy: ciliumPolicy(input).policy, names: outsideNames })),
    );
    expect(answers).toHaveLength(cases.length);
    answers.forEach(({ error, closed, asked, opened }, at) => {
      const { row, input } = cases[at]!;
      const told = `--allow-net=${formatScope(input.scope).join()} --deny-net=${formatScope(input.deny).join()}`;
      expect(`${error}${closed.join()}`, told).toBe('ingress,egress');
      const ports = [
        ...new Set([1, 65_535, ...[...input.scope, ...input.deny].flatMap((one) => ('port' in one ? [one.port] : []))]),
      ];
      const namesDenied = input.deny.filter(({ kind }) => kind === 'name' || kind === 'wildcard');
      const allowed = (name: string) => ports.some((port) => denoAllows(input.scope, namesDenied, name, port));
      const dotted = outsideNames.filter((name) => name.includes('.') && name !== row.redis);
      // A denial inside a wildcard is held by Deno alone, as the approximations say.
      const wildcardCut = ciliumPolicy(input).approximations.some(({ reason }) =>
        reason.includes('cannot deny by name')
      );
      const expected = dotted.filter(allowed);
      expect(opened.filter((name) => dotted.includes(name) && (allowed(name) || !wildcardCut)), told).toEqual(expected);
      expect(asked, told).toEqual(expect.arrayContaining(expected));
    });
  });
});
