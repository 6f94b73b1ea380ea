/** What `redisworker render` prints is what the operator writes: compared object by object with a live cluster. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { operatorFields } from '../../contract/config-hash.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { canonicalJson } from '../../operator/redisworker/desired/drift.ts';
import {
  applyObjects,
  createNamespace,
  describeOnCluster,
  installCrds,
  kubectlOk,
} from '../support/control-plane/shared.ts';
import { startDnsServer, type TestDnsServer } from '../support/dns-server.ts';
import { testIo } from '../support/io.ts';
import { type OperatorProcess, startOperatorProcess } from '../support/operator.ts';
import { type Managed, ownedPart } from '../support/owned-fields.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const source = 'export default () => ({});';
const secret = (name: string, stringData: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});
const worker = (name: string, spec: object): KubeObject => ({
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name },
  spec: { source: { inline: source }, ...spec },
});

/** Workers that between them use every part of what is built, and what they refer to. */
const surroundings = [
  secret('values', { token: 'hush' }),
  secret('own-redis', { password: redisPassword }),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'worker.ts': source } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cache' },
    spec: { selector: { app: 'cache' }, ports: [{ port: 6379, targetPort: 6380 }] },
  },
];
const workers = (redisUrl: string) => [
  worker('plain', {}),
  worker('script', { runtime: 'Script', consumers: { ids: ['one', 'Two'] }, denoOptions: ['--seed=7'] }),
  worker('from-map', { source: { configMap: { name: 'code', key: 'worker.ts' } }, secretRef: { name: 'values' } }),
  worker('net', {
    permissions: {
      net: ['api.example.com:443', 'cache:6379', '203.0.114.0/24:8443'],
      denyNet: ['203.0.114.9'],
      env: ['TZ'],
    },
    consumers: { count: 3 },
  }),
  worker('open-port', { permissions: { net: ['*.example.org:443'], outsideNames: 'OpenPort' } }),
  worker('everything', { permissions: { allowAllNet: 'Granted' }, suspend: true }),
  worker('own-redis', {
    redis: { url: redisUrl, username: 'default', passwordSecretRef: { name: 'own-redis', key: 'password' } },
    stream: { group: 'theirs', requestLimit: 100 },
  }),
  worker('placed', {
    handler: { concurrency: 2, timeoutSeconds: 7 },
    pod: {
      image: 'registry.example/mine:1',
      labels: { team: 'a' },
      annotations: { note: 'b' },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      resources: { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '256Mi' } },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
      ],
      imagePullSecrets: [{ name: 'login' }],
      priorityClassName: 'low',
    },
  }),
];

let namespace: string;
let redis: TestRedis;
let otherRedis: TestRedis;
let dns: TestDnsServer;
let operator: OperatorProcess;
let folder: string;
let flags: string[];

const live = async (kinds: string) =>
  (JSON.parse(await kubectlOk(['-n', namespace, 'get', kinds, '-o', 'json', '--show-managed-fields'])) as {
    items: (KubeObject & Managed)[];
  }).items;

async function render(...args: string[]) {
  const io = testIo();
  const code = await main(['render', '-n', namespace, '-o', 'json', ...flags, ...args], io);
  expect([code, io.failures.filter((line) => !line.includes('not known here'))]).toEqual([0, []]);
  return { objects: (JSON.parse(io.printed.join('\n')) as { items: KubeObject[] }).items, told: io.failures };
}

/** As the API server keeps it: nothing for what is empty, and values of Secrets by their keys alone. */
function comparable(object: unknown): unknown {
  const { data, stringData, ...rest } = object as KubeObject & { stringData?: object };
  const values = rest.kind === 'Secret'
    ? { keys: Object.keys({ ...(data as object), ...stringData }).sort() }
    : { data };
  return JSON.parse(canonicalJson(withoutEmpty({ ...rest, ...values })));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const).filter(([, inner]) =>
    inner !== '' && inner !== undefined &&
    !(typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0)
  );
  return Object.fromEntries(kept);
}

/** What is rendered, with what is live in the place of what could not be known. */
function completed(rendered: unknown, actual: unknown): unknown {
  if (typeof rendered === 'string' && typeof actual === 'string') {
    const parts = rendered.split(/<[^<>]+>/);
    const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^"]+');
    return parts.length > 1 && new RegExp(`^${pattern}$`, 's').test(actual) ? actual : rendered;
  }
  if (typeof rendered !== 'object' || rendered === null || typeof actual !== 'object' || actual === null) {
    return rendered;
  }
  const with_ = (key: string, inner: unknown) => completed(inner, (actual as Record<string, unknown>)[key]);
  if (Array.isArray(rendered)) return rendered.map((inner, at) => with_(String(at), inner));
  return Object.fromEntries(Object.entries(rendered).map(([key, inner]) => [key, with_(key, inner)]));
}

/** By kind and name: the rendered object, and the fields of the live one that are the operator's. */
async function pairs(objects: readonly KubeObject[]) {
  const all = await live('configmaps,secrets,networkpolicies,deployments');
  return objects.map((rendered) => {
    const found = all.find(({ kind, metadata }) => kind === rendered.kind && metadata.name === rendered.metadata.name);
    if (!found) throw new Error(`${rendered.kind} ${rendered.metadata.name} is rendered and not there`);
    const { apiVersion, kind, metadata: { name, namespace: where } } = found;
    const owned = ownedPart(found, 'redisworker') as { metadata: object };
    const actual = { ...owned, apiVersion, kind, metadata: { ...owned.metadata, name, namespace: where } };
    return { rendered: comparable(rendered), actual: comparable(actual) };
  });
}

describeOnCluster('what is rendered', () => {
  beforeAll(async () => {
    await installCrds();
    namespace = await createNamespace('render');
    [redis, otherRedis, dns] = await Promise.all([startGuardedRedis(), startGuardedRedis(), startDnsServer()]);
    dns.records.set('api.example.com', { addresses: ['203.0.114.7', '2606:4700::7'] });
    folder = mkdtempSync(join(tmpdir(), 'redisworker-render-'));
    flags = [
      '--redis',
      redis.url,
      '--pod-network',
      'Shared',
      '--worker-image',
      'registry.example/worker:1',
      '--canary-address',
      'canary.redisworker.svc:8086',
      '--redis-hosts',
      '127.0.0.0/8',
    ];
    const there = (object: KubeObject) => ({ ...object, metadata: { ...object.metadata, namespace } });
    const own = workers(otherRedis.url);
    await applyObjects(...surroundings.map(there), ...own.map(there));
    writeFileSync(join(folder, 'workers.json'), JSON.stringify({ kind: 'List', items: own }));
    writeFileSync(join(folder, 'surroundings.json'), JSON.stringify({ kind: 'List', items: surroundings }));
    operator = await startOperatorProcess({
      redisUrl: redis.url,
      redisPassword,
      namespace,
      args: [...flags.slice(2), '--dns-server', dns.address],
    });
  });

  afterAll(async () => {
    await operator.stop();
    await Promise.all([redis.stop(), otherRedis.stop(), dns.stop()]);
    for (const path of [folder, `${folder}.json`]) rmSync(path, { recursive: true, force: true });
  });

  test('is what the operator wrote, field by field, when all it knew is among the documents', async () => {
    const { objects } = await render(folder, '--resolve', 'api.example.com=203.0.114.7,2606:4700::7');
    await eventually('the operator has written every object', async () => {
      const names = new Set(
        (await live('configmaps,secrets,networkpolicies,deployments')).map(({ kind, metadata }) =>
          `${kind} ${metadata.name}`
        ),
      );
      return objects.every(({ kind, metadata }) => names.has(`${kind} ${metadata.name}`));
    }, 60_000);
    const cluster = `${folder}.json`;
    const known = await live('redisworkers,configmaps,secrets,services,networkpolicies');
    writeFileSync(cluster, JSON.stringify({ kind: 'List', items: known }));
    const again = await render(cluster);
    expect(again.told).toEqual([]);
    for (const { rendered, actual } of await pairs(again.objects)) expect(rendered).toEqual(actual);
    expect(again.objects.map(({ kind }) => kind).sort()).toEqual(
      (await live('configmaps,secrets,networkpolicies,deployments'))
        .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'redisworker')
        .map(({ kind }) => kind).sort(),
    );
  });

  test('from the files alone it is the same, but for what could not be known', async () => {
    const { objects } = await render(folder, '--resolve', 'api.example.com=203.0.114.7,2606:4700::7');
    for (const { rendered, actual } of await pairs(objects)) expect(completed(rendered, actual)).toEqual(actual);
  });

  test('is what an API server takes, words for what is unknown included', async () => {
    const { objects } = await render(folder);
    const elsewhere = await createNamespace('rendered');
    const moved = objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: elsewhere } }));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: moved });
    const taken = await kubectlOk(['apply', '--dry-run=server', '--server-side', '-f', '-', '-o', 'name'], list);
    expect(taken.trim().split('\n')).toHaveLength(objects.length);
  });

  test('has the config hashes as they are in Redis', async () => {
    const { objects } = await render(
      folder,
      '--redis-hashes',
      '--resolve',
      'api.example.com=203.0.114.7,2606:4700::7',
    );
    const hashes = objects.filter(({ kind }) => kind === 'RedisHash') as unknown as { key: string; fields: object }[];
    expect(hashes).toHaveLength(11);
    for (const { key, fields } of hashes) {
      const { client } = key.startsWith('own-redis:') ? otherRedis : redis;
      const found = Object.entries(await client.hgetall(key));
      const ours = Object.fromEntries(found.filter(([field]) => (operatorFields as readonly string[]).includes(field)));
      expect(completed(fields, ours)).toEqual(ours);
    }
  });
});
