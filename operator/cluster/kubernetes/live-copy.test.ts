import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServerResponse } from 'node:http';
import {
  answer,
  answerList,
  answerStatus,
  type FaultApiServer,
  type OpenWatch,
  openWatch,
  type SeenRequest,
  startFaultApiServer,
} from '../../../test/support/fault-api-server.ts';
import { quietLog } from '../../../test/support/quiet-log.ts';
import { eventually } from '../../../test/support/wait.ts';
import { type ClusterError, type Followed, type KubeObject, resources } from '../cluster.ts';
import { connectKubernetes, type KubernetesCluster, type WatchTiming } from './index.ts';

const quick: WatchTiming = {
  silenceMs: 60_000,
  relistMs: 600_000,
  reconnectMs: [1, 5],
  backOff: { initialMs: 2, maxMs: 20 },
  asking: { initialMs: 2, maxMs: 20 },
};

let server: FaultApiServer;
let cluster: KubernetesCluster;
let copy: Followed;
let changes: string[];
let causes: string[];
let problems: (ClusterError | undefined)[];
const log = quietLog();

beforeAll(async () => {
  server = await startFaultApiServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  changes = [];
  causes = [];
  problems = [];
});
afterEach(() => cluster.close());

let followed = 0;

/** Follows ConfigMaps against lists and watches that answer in turn; the last one answers for ever. */
async function followAgainst(
  lists: ((response: ServerResponse, seen: SeenRequest) => void)[],
  watches: ((watch: OpenWatch, seen: SeenRequest, response: ServerResponse) => void)[],
  timing: Partial<WatchTiming> = {},
): Promise<void> {
  const test = String(followed += 1);
  server.behave((seen, response) => {
    // A question of the test before may still be on its way, and is not to take an answer of this one.
    if (seen.query.get('labelSelector') !== `test=${test}`) return void response.destroy();
    if (seen.query.get('watch') === null) (lists.length > 1 ? lists.shift() : lists[0])?.(response, seen);
    else (watches.length > 1 ? watches.shift() : watches[0])?.(openWatchLazily(response), seen, response);
  });
  cluster = await connectKubernetes({
    kubeconfig: server.kubeconfigPath,
    log,
    watchTiming: { ...quick, ...timing },
    hooks: { watchRestarted: (_, cause) => causes.push(cause), watchProblem: (_, problem) => problems.push(problem) },
  });
  copy = cluster.follow(resources.configMaps, { namespace: 'n', labels: { test } });
  copy.onChange((type, object) => changes.push(`${type} ${object.metadata.name} ${object.metadata.uid ?? ''}`));
}

/** Headers go out with the first use, so that a behaviour may still refuse the watch. */
function openWatchLazily(response: ServerResponse): OpenWatch {
  let watch: OpenWatch | undefined;
  const open = (): OpenWatch => watch ??= openWatch(response);
  return {
    send: (type, object) => open().send(type, object),
    raw: (text) => open().raw(text),
    end: () => open().end(),
    reset: () => open().reset(),
  };
}

function object(name: string, resourceVersion: string, uid = `uid-${name}`, extra: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'n', uid, resourceVersion, ...extra } };
}

function listOf(version: string, ...items: KubeObject[]) {
  return (response: ServerResponse): void => answerList(response, version, items);
}

const watchRequests = (): SeenRequest[] => server.requests.filter(({ query }) => query.has('watch'));
const names = (): string[] => copy.list().map(({ metadata }) => metadata.name).sort();
const quietWatch = (watch: OpenWatch): void => watch.send('BOOKMARK', object('', '900'));

describe('a followed kind', () => {
  it('is complete once synced and hears of every change after that', async () => {
    await followAgainst([listOf('10', object('a', '5'))], [(watch) => {
      watch.send('ADDED', object('b', '11'));
      watch.send('MODIFIED', object('a', '12'));
      watch.send('DELETED', object('b', '13'));
    }]);
    await copy.synced;
    expect(copy.get({ namespace: 'n', name: 'a' })?.kind).toBe('ConfigMap');
    await eventually('all changes are told', () => changes.length === 4);
    expect(changes).toEqual(['added a uid-a', 'added b uid-b', 'modified a uid-a', 'deleted b uid-b']);
  });

  it('is listed in pages and watched from the version of the list, with bookmarks', async () => {
    const pages: (string | null)[] = [];
    await followAgainst([(response, seen) => {
      pages.push(seen.query.get('continue'));
      if (pages.length === 1) answerList(response, '10', [object('a', '5')], 'more');
      else answerList(response, '10', [object('b', '6')]);
    }], [quietWatch]);
    await copy.synced;
    expect(names()).toEqual(['a', 'b']);
    expect(pages).toEqual([null, 'more']);
    const watch = await eventually('the watch begins', () => watchRequests().at(-1));
    expect(Object.fromEntries(watch.query)).toMatchObject({ allowWatchBookmarks: 'true', resourceVersion: '10' });
    expect(Number(watch.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
  });

  it('drops managedFields and keeps every other field, known or not', async () => {
    await followAgainst([listOf('1')], [
      (watch) =>
        watch.send('ADDED', { ...object('a', '2', 'u', { managedFields: [{ manager: 'x' }] }), future: { from: 1 } }),
    ]);
    const found = await eventually('a is there', () => copy.get({ namespace: 'n', name: 'a' }));
    expect(found).toEqual({ ...object('a', '2', 'u'), future: { from: 1 } });
  });

  it('finds objects by the UID of their owner, until they change hands', async () => {
    const owners = (uid: string): object => ({ ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid }] });
    let open: OpenWatch | undefined;
    await followAgainst([listOf('1', object('a', '1', 'a', owners('one')), object('b', '1'))], [(watch) => {
      open = watch;
      quietWatch(watch);
    }]);
    await copy.synced;
    expect(copy.ownedBy('one').map(({ metadata }) => metadata.name)).toEqual(['a']);
    (await eventually('the watch is open', () => open)).send('MODIFIED', object('a', '2', 'a', owners('two')));
    await eventually('the new owner is known', () => copy.ownedBy('two').length === 1);
    expect(copy.ownedBy('one')).toEqual([]);
  });

  it('goes on after a listener has thrown', async () => {
    await followAgainst([listOf('1')], [(watch) => {
      watch.send('ADDED', object('a', '2'));
      watch.send('ADDED', object('b', '3'));
    }]);
    copy.onChange(() => {
      throw new Error('a listener at fault');
    });
    await eventually('both are there', () => names().length === 2);
    expect(log.lines.some(({ level, message }) => level === 'error' && message.includes('listener'))).toBe(true);
  });
});

describe('after a fault of the watch', () => {
  it('lists anew at once when the version is too old in the middle of a watch', async () => {
    await followAgainst([listOf('1', object('a', '1')), listOf('50', object('b', '40'))], [
      (watch) => watch.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }),
      quietWatch,
    ]);
    await eventually('the second list is in', () => names().join() === 'b');
    expect(changes).toEqual(['added a uid-a', 'deleted a uid-a', 'added b uid-b']);
    expect(causes).toEqual(['Expired']);
    expect(problems).toEqual([]);
  });

  it('lists anew when the version is refused as too old', async () => {
    await followAgainst([listOf('1', object('a', '1')), listOf('50', object('b', '40'))], [
      (_, __, response) => answerStatus(response, 410, 'Expired', 'too old'),
      quietWatch,
    ]);
    await eventually('the second list is in', () => names().join() === 'b');
  });

  it('goes on from the last version when the connection is cut in the middle', async () => {
    await followAgainst([listOf('1')], [(watch) => {
      watch.send('ADDED', object('a', '7'));
      watch.raw('{"type":"ADDED","obj');
      setImmediate(() => watch.reset());
    }, (watch) => watch.send('ADDED', object('b', '8'))]);
    await eventually('b is there', () => names().join() === 'a,b');
    expect(watchRequests().at(-1)?.query.get('resourceVersion')).toBe('7');
    expect(changes).toEqual(['added a uid-a', 'added b uid-b']);
  });

  it('gives up a stream that is silent for too long and goes on', async () => {
    await followAgainst([listOf('1')], [
      (watch) => watch.send('BOOKMARK', object('', '5')),
      (watch) => watch.send('ADDED', object('a', '6')),
    ], { silenceMs: 500 });
    await eventually('a is there', () => names().join() === 'a');
    expect(causes[0]).toBe('Silent');
    expect(server.requests.filter(({ query }) => query.get('resourceVersion') === '5')).not.toEqual([]);
  });

  it('goes on from the last bookmark when the server ends a watch, without calling that a fault', async () => {
    await followAgainst([listOf('1')], [(watch) => {
      watch.send('BOOKMARK', object('', '33'));
      watch.end();
    }, (watch) => watch.send('ADDED', object('a', '34'))]);
    await eventually('a is there', () => names().join() === 'a');
    expect(watchRequests().at(-1)?.query.get('resourceVersion')).toBe('33');
    expect(causes).toEqual([]);
  });

  it('lists anew after a line that is no event, and shows nothing of it', async () => {
    await followAgainst([listOf('1'), listOf('5', object('a', '4'))], [
      (watch) => watch.raw('<html>s3cret\n'),
      quietWatch,
    ]);
    await eventually('the second list is in', () => names().join() === 'a');
    expect(causes).toEqual(['Garbled']);
    expect(JSON.stringify(log.lines)).not.toContain('s3cret');
  });

  it('backs off when every watch ends as soon as it has begun', async () => {
    await followAgainst([listOf('1')], [(watch) => {
      watch.raw('');
      watch.end();
    }]);
    await eventually('the fault is told', () => causes.filter((cause) => cause === 'ShortWatch').length > 2);
    expect(problems[0]?.reason).toBe('ShortWatch');
  });
});

describe('after a gap', () => {
  const expire = (watch: OpenWatch): void => watch.send('ERROR', { code: 410 });

  it('finds what was deleted in it', async () => {
    await followAgainst([listOf('1', object('a', '1'), object('b', '1')), listOf('9', object('b', '1'))], [
      expire,
      quietWatch,
    ]);
    await eventually('a is gone', () => changes.includes('deleted a uid-a'));
    expect(changes).toEqual(['added a uid-a', 'added b uid-b', 'deleted a uid-a']);
  });

  it('tells an object that was recreated as deleted and added', async () => {
    await followAgainst([listOf('1', object('a', '1', 'first')), listOf('9', object('a', '8', 'second'))], [
      expire,
      quietWatch,
    ]);
    await eventually('the second a is there', () => changes.length === 3);
    expect(changes).toEqual(['added a first', 'deleted a first', 'added a second']);
  });

  it('repairs by itself what no event has told', async () => {
    await followAgainst([listOf('1', object('a', '1')), listOf('9')], [quietWatch], { relistMs: 60 });
    await eventually('a is gone', () => changes.includes('deleted a uid-a'));
    expect(causes).toEqual([]);
  });
});

describe('while a kind cannot be listed', () => {
  it.each([[500, 'InternalError'], [403, 'Forbidden']])(
    'tries again after %i, tells the problem, and tells when it is over',
    async (code, reason) => {
      const refuse = (response: ServerResponse): void =>
        answerStatus(response, code, reason, 'configmaps is forbidden: cannot list');
      await followAgainst([refuse, refuse, refuse, listOf('5', object('a', '4'))], [quietWatch]);
      await copy.synced;
      await eventually('the problem is over', () => problems.length > 0 && problems.at(-1) === undefined);
      expect(problems[0]).toMatchObject({ status: code, reason });
      expect(names()).toEqual(['a']);
    },
  );

  it('says that the kind is not served and starts as soon as it is', async () => {
    const notFound = (response: ServerResponse): void => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
    };
    await followAgainst([notFound, notFound, listOf('5', object('a', '4'))], [quietWatch]);
    await copy.synced;
    expect(problems[0]).toMatchObject({ reason: 'NotServed' });
    expect(problems[0]?.message).toContain('CustomResourceDefinition');
  });

  it('waits as long as the server asks', async () => {
    await followAgainst([
      (response) => answer(response, 429, {}, { 'retry-after': '1' }),
      listOf('5', object('a', '4')),
    ], [quietWatch]);
    await copy.synced;
    expect(problems).toEqual([]);
  });

  it('rejects synced when it is stopped before the first list', async () => {
    await followAgainst([(response) => answerStatus(response, 403, 'Forbidden', 'no')], [quietWatch]);
    copy.stop();
    await expect(copy.synced).rejects.toThrow('stopped before the first list');
  });
});
