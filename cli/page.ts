/** The status page of a cluster, shown on this machine: the operator's, asked as whoever is logged in. */
import type { PageFile } from '../operator/page/html.ts';
import { Refused } from '../operator/page/refused.ts';
import type { PageSource } from '../operator/page/source.ts';
import type { ClusterAccess } from './access-words.ts';
import { connect, readAccess } from './cluster-access.ts';
import { type ExitCode, exitCodes, fail, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { OperatorPage, type PageAnswer, sentenceOf } from './operator-page.ts';
import { findPagePods } from './operator-pod.ts';
import { forwardToPod } from './pod-forward.ts';
import { servePage } from './serve-page.ts';
import { silence } from './silent-log.ts';
import { accountToken, ownToken } from './user-token.ts';

/** Which operator, as whom, and where it is shown. */
export interface PageWords extends ClusterAccess {
  readonly operatorNamespace: string;
  readonly serviceAccount: string | undefined;
  /** Any when absent and the usual is taken. */
  readonly port: number | undefined;
}

/** Shows it until `stop` settles. @throws Failure when it cannot be reached, or may not be seen */
export async function showPage(words: PageWords, io: Io, stop: Promise<void>): Promise<ExitCode> {
  const { operatorNamespace: namespace, serviceAccount: name, port } = words;
  const config = await readAccess(words);
  const cluster = await connect(words);
  await using closing = new AsyncDisposableStack();
  closing.defer(() => cluster.close());
  const page = new OperatorPage({
    pods: () => findPagePods(cluster, namespace),
    dial: (pod) => forwardToPod(config, pod),
    token: name === undefined ? ownToken(config) : accountToken(cluster, { namespace, name }),
  });
  closing.defer(() => page.close());
  await mayBeSeen(page);
  const { url, server } = await servePage({
    port: port ?? 'usual',
    command: 'page',
    page: () => fileOf(page),
    source: sourceOf(page),
    log: silence,
  }).catch(fail);
  closing.defer(() => server.close());
  io.out(`✓ the status page of the operator in the namespace ${namespace} is at ${url}`);
  io.err('it only shows, to whoever has this address, until Ctrl-C');
  await stop;
  return exitCodes.ok;
}

/** Nobody is given an address that shows nothing. */
async function mayBeSeen(page: OperatorPage): Promise<void> {
  const { status, text } = await page.ask('/data/overview').catch(fail);
  if (status !== 200) throw new Failure(refusalOf(status, text));
}

/** To the browser the token of this page is what lets in, so another's refusal must not look like its own. */
function refusalOf(status: number, text: string): string {
  return status === 401
    ? 'the operator does not know who asks: log in to the cluster again, as for kubectl'
    : sentenceOf(text, status);
}

/** The operator's own page, which knows what its data means, under the policy that came with it. */
async function fileOf(page: OperatorPage): Promise<PageFile> {
  const { status, headers, text } = await page.ask('/');
  const policy = headers['content-security-policy'];
  if (status !== 200 || typeof policy !== 'string') throw new Refused(502, 'the operator gives no page');
  return { html: text, contentSecurityPolicy: policy };
}

/** Its data. There is nothing to be sent or replayed from here. */
function sourceOf(page: OperatorPage): PageSource {
  const read = async <T>(path: string): Promise<T> => dataOf(await page.ask(`/data/${path}`)) as T;
  const worker = (key: string): string => `workers/${key.split('/').map(encodeURIComponent).join('/')}`;
  return {
    overview: (words) => read(`overview?q=${encodeURIComponent(words)}`),
    depth: (key) => read(worker(key)),
    trace: (key, ref) => read(`${worker(key)}/trace?ref=${encodeURIComponent(ref)}`),
    deadLetters: (key) => read(`${worker(key)}/dead`),
    stop: () => undefined,
  };
}

function dataOf({ status, text }: PageAnswer): unknown {
  if (status !== 200) throw new Refused(status === 401 ? 502 : status, refusalOf(status, text));
  return JSON.parse(text);
}
