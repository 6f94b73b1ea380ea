import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  answer,
  answerStatus,
  type FaultApiServer,
  firstToken,
  startFaultApiServer,
} from '../../../test/support/fault-api-server.ts';
import { freePort } from '../../../test/support/processes.ts';
import { quietLog } from '../../../test/support/quiet-log.ts';
import { eventually } from '../../../test/support/wait.ts';
import { systemClock } from '../../clock.ts';
import { ClusterError, type KubeObject, resources } from '../cluster.ts';
import { readClusterConfig } from './config.ts';
import { refusalError } from './faults.ts';
import { type Http, openHttp } from './http.ts';
import { type Objects, openObjects } from './objects.ts';
import { maxCallConnections, Session } from './session.ts';

let server: FaultApiServer;
let http: Http;
let objects: Objects;
const finished: number[] = [];
const fence = { holds: () => true, lost: new AbortController().signal };

beforeAll(async () => {
  server = await startFaultApiServer();
  const session = await Session.open(
    await readClusterConfig({ kubeconfig: server.kubeconfigPath }),
    systemClock,
    quietLog(),
  );
  http = openHttp({
    session,
    clock: systemClock,
    random: () => 0,
    fence,
    retry: { initialMs: 2, maxMs: 20 },
    hooks: { requestDone: ({ status }) => finished.push(status) },
  });
  objects = openObjects(http, undefined);
});
afterAll(async () => {
  http.close();
  await server.stop();
});
afterEach(() => {
  finished.length = 0;
});

const policy: KubeObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'n' },
  spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }], ofTheFuture: { kept: true } },
};
const configMap = { namespace: 'n', name: 'a' };
const asBefore = (response: Parameters<typeof answer>[0]): void =>
  answer(response, 200, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });

function fault(promise: Promise<unknown>): Promise<ClusterError> {
  return promise.then(() => {
    throw new Error('it should have failed');
  }, (error: unknown) => {
    expect(error).toBeInstanceOf(ClusterError);
    return error as ClusterError;
  });
}

describe('calls', () => {
  it('share a few connections, however many there are', async () => {
    server.behave((_, response) => asBefore(response));
    const before = server.connections();
    await Promise.all(Array.from({ length: 200 }, () => objects.get(resources.configMaps, configMap)));
    expect(finished).toHaveLength(200);
    expect(server.connections() - before).toBeLessThanOrEqual(maxCallConnections);
  });

  it('that are urgent go before all others, over connections of their own', async () => {
    const held: (() => void)[] = [];
    server.behave(({ method }, response) => {
      if (method === 'GET') held.push(() => asBefore(response));
      else asBefore(response);
    });
    const others = Array.from(
      { length: 2 * maxCallConnections },
      () => objects.get(resources.configMaps, configMap),
    );
    await eventually('all connections are taken', () => held.length === maxCallConnections);
    await objects.patch(resources.configMaps, configMap, {}, { uid: 'u' }, 'Urgent');
    expect(finished).toEqual([200]);
    server.behave((_, response) => asBefore(response));
    for (const release of held) release();
    await Promise.all(others);
  });

  it('carry every field of an object as it is, "from" and unknown ones too', async () => {
    server.behave((_, response) => answer(response, 200, policy));
    await objects.apply(policy, 'redisworker');
    const sent = server.requests.at(-1);
    expect(JSON.parse(sent?.body ?? '')).toEqual(policy);
    expect(sent?.method).toBe('PATCH');
    expect(sent?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(Object.fromEntries(sent?.query ?? [])).toEqual({
      fieldManager: 'redisworker',
      force: 'true',
      fieldValidation: 'Ignore',
    });
  });

  it('put the preconditions of a patch beside its metadata', async () => {
    server.behave((_, response) => asBefore(response));
    await objects.patch(resources.configMaps, configMap, { metadata: { labels: { x: 'y' } } }, {
      uid: 'u',
      resourceVersion: '7',
    });
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toEqual({
      metadata: { labels: { x: 'y' }, uid: 'u', resourceVersion: '7' },
    });
  });

  it('ask for deletion in the background, under preconditions', async () => {
    server.behave((_, response) => answer(response, 200, {}));
    await objects.delete(resources.pods, configMap, { uid: 'u', gracePeriodSeconds: 0 });
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toMatchObject({
      propagationPolicy: 'Background',
      preconditions: { uid: 'u' },
      gracePeriodSeconds: 0,
    });
  });
});

describe('a call the server cannot take now', () => {
  /** Refuses so many times, then answers. */
  function refuse(times: number, status: number, headers: Record<string, string> = {}): () => number {
    let asked = 0;
    server.behave((_, response) => {
      asked += 1;
      if (asked <= times) answerStatus(response, status, 'TooManyRequests', 'slow down', headers);
      else asBefore(response);
    });
    return () => asked;
  }

  it('is made again after 429, whatever it is', async () => {
    const asked = refuse(1, 429, { 'retry-after': '0' });
    await http.call({ method: 'POST', path: '/api/v1/namespaces/n/configmaps', body: {}, repeat: 'Never' });
    expect(asked()).toBe(2);
  });

  it('is made again after 503 when a repetition does no harm, and only then', async () => {
    const read = refuse(2, 503);
    await objects.get(resources.configMaps, configMap);
    expect(read()).toBe(3);
    const created = refuse(2, 503);
    expect(
      await fault(http.call({ method: 'POST', path: '/api/v1/namespaces/n/configmaps', body: {}, repeat: 'Never' })),
    ).toMatchObject({ status: 503 });
    expect(created()).toBe(1);
  });

  it('is given back with the wait the server asks for when that is longer than the call may take', async () => {
    const asked = refuse(1, 429, { 'retry-after': '40' });
    expect(await fault(objects.get(resources.configMaps, configMap))).toMatchObject({
      status: 429,
      retryAfterMs: 40_000,
    });
    expect(asked()).toBe(1);
  });

  it('is given up after a few tries', async () => {
    const asked = refuse(100, 503);
    await fault(objects.get(resources.configMaps, configMap));
    expect(asked()).toBe(4);
  });
});

describe('a fault', () => {
  it('names what was asked and nothing of headers or bodies', async () => {
    server.behave((_, response) => {
      response.writeHead(502, { 'content-type': 'text/html', 'x-secret': 'from-a-header' }).end(
        '<html>from-a-body</html>',
      );
    });
    const error = await fault(
      http.call({ method: 'GET', path: '/api/v1/secrets?labelSelector=from-a-query', repeat: 'Never' }),
    );
    expect(error).toMatchObject({ status: 502, message: 'the API server answered 502 (GET /api/v1/secrets)' });
    expect(JSON.stringify(error) + error.message).not.toMatch(/from-a|token-1/);
  });

  it('to a namespace that is being deleted fails by a reason of its own', () => {
    const causes = [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }];
    const body = JSON.stringify({ reason: 'Forbidden', message: 'no new content', details: { name: 'a', causes } });
    const asked = { method: 'PATCH', path: '/api/v1/namespaces/n/configmaps/a' };
    expect(refusalError(asked, { status: 403, retryAfter: undefined, body }).reason).toBe('NamespaceTerminating');
  });

  it('into a namespace that is gone fails for the same reason, but not a question about that namespace', () => {
    const details = { name: 'n', kind: 'namespaces' };
    const body = JSON.stringify({ reason: 'NotFound', message: 'namespaces "n" not found', details });
    const reasonOf = (method: string, path: string) =>
      refusalError({ method, path }, { status: 404, retryAfter: undefined, body }).reason;
    expect(reasonOf('PATCH', '/api/v1/namespaces/n/configmaps/a?force=true')).toBe('NamespaceTerminating');
    expect(reasonOf('GET', '/api/v1/namespaces/n')).toBe('NotFound');
  });

  it('is a Timeout when no answer comes in time', async () => {
    server.behave(() => undefined);
    const error = await fault(http.call({ method: 'GET', path: '/api/v1/nodes', deadlineMs: 60 }));
    expect(error).toMatchObject({ status: 0, reason: 'Timeout' });
    expect(error.message).toContain('GET /api/v1/nodes');
    expect(finished).toEqual([0]);
  });

  it('is Unreachable with the address and the cause when nobody listens', async () => {
    const config = {
      ...(await readClusterConfig({ kubeconfig: server.kubeconfigPath })),
      server: `https://127.0.0.1:${await freePort()}`,
    };
    const session = await Session.open(config, systemClock, quietLog());
    const alone = openHttp({
      session,
      clock: systemClock,
      random: () => 0,
      fence,
      hooks: {},
      retry: { initialMs: 1, maxMs: 2 },
    });
    const error = await fault(alone.call({ method: 'GET', path: '/api/v1/nodes' }));
    expect(error.reason).toBe('Unreachable');
    expect(error.message).toContain(config.server);
    expect(error.message).toContain('ECONNREFUSED');
    alone.close();
  });
});

describe('credentials', () => {
  it('are read again after 401, once for calls that fail together', async () => {
    let refused = 0;
    server.behave((seen, response) => {
      if (seen.headers.authorization === 'Bearer token-2') {
        asBefore(response);
        return;
      }
      expect(seen.headers.authorization).toBe(`Bearer ${firstToken}`);
      refused += 1;
      answerStatus(response, 401, 'Unauthorized', 'Unauthorized');
    });
    await writeFile(server.tokenPath, 'token-2\n');
    await Promise.all([1, 2, 3].map(() => objects.get(resources.configMaps, configMap)));
    await objects.get(resources.configMaps, configMap);
    expect(refused).toBe(3);
  });

  it('that stay refused are a fault after the second try', async () => {
    let asked = 0;
    server.behave((_, response) => {
      asked += 1;
      answerStatus(response, 401, 'Unauthorized', 'Unauthorized');
    });
    expect(await fault(objects.get(resources.configMaps, configMap))).toMatchObject({ status: 401 });
    expect(asked).toBe(2);
  });

  it('with other certificates let what is under way come to its end', async () => {
    let answerSlow = (): void => undefined;
    server.behave((seen, response) => {
      if (seen.path.endsWith('/slow')) answerSlow = () => asBefore(response);
      else if (seen.headers.authorization === 'Bearer new') asBefore(response);
      else answerStatus(response, 401, 'Unauthorized', 'Unauthorized');
    });
    const config = await readClusterConfig({ kubeconfig: server.kubeconfigPath });
    const { tls } = await config.credentials();
    const credentials = (anew = false) =>
      Promise.resolve(
        anew
          ? { tls: tls, headers: { authorization: 'Bearer new' } }
          : { tls: { ...tls, servername: 'localhost' }, headers: { authorization: 'Bearer old' } },
      );
    const session = await Session.open({ ...config, credentials }, systemClock, quietLog());
    const rotated = openHttp({ session, clock: systemClock, random: () => 0, fence, hooks: {} });
    const slow = rotated.call({ method: 'GET', path: '/api/v1/slow' });
    await eventually('it is under way', () => server.requests.some(({ path }) => path.endsWith('/slow')));
    await rotated.call({ method: 'GET', path: '/api/v1/pods' });
    answerSlow();
    expect(await slow).toMatchObject({ kind: 'ConfigMap' });
    rotated.close();
  });
});

describe('a stream', () => {
  it('does not take a connection from the calls', async () => {
    server.behave((seen, response) => {
      if (seen.query.has('watch')) response.writeHead(200).write('{}\n');
      else asBefore(response);
    });
    const stop = new AbortController();
    const streams = await Promise.all(
      Array.from({ length: maxCallConnections + 4 }, () => http.stream('/api/v1/pods?watch=true', stop.signal)),
    );
    await eventually('a call is answered', () => objects.get(resources.configMaps, configMap));
    stop.abort();
    const ends = await Promise.allSettled(streams.map(async (stream) => {
      for await (const chunk of stream) expect(chunk.length).toBeGreaterThan(0);
    }));
    expect(ends.map(({ status }) => status)).toEqual(streams.map(() => 'rejected'));
  });
});
