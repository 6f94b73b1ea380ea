/** Code from elsewhere as it is rendered: nobody fetches it here, so it is a guess, and the Jobs that would resolve it are shown. */
import { createHash } from 'node:crypto';
import { type Cluster, keyOf, type KubeObject } from '../operator/cluster/cluster.ts';
import { egressOf } from '../operator/code-jobs/egress.ts';
import { deadlineSeconds } from '../operator/code-jobs/index.ts';
import { inputOf, jobOf, type JobSettings, type JobWay, policyOf, proxyHosts } from '../operator/code-jobs/objects.ts';
import type { RegistrySettings } from '../operator/code-jobs/registry.ts';
import { dialledHostsOf } from '../operator/code/request.ts';
import type { CodeAnswer, CodeQuestion, CodeResolver } from '../operator/code/resolver.ts';
import { unresolvable } from '../operator/code/unresolvable.ts';
import type { ShapingOptions } from '../operator/defaults.ts';
import type { LookUp } from '../operator/dns/lookup.ts';
import { digestOf, imagePart } from '../operator/redisworker/desired/source-config-map.ts';
import type { Guess } from './render-documents.ts';

/** Where bundles are kept; in ConfigMaps when undefined. */
export type Repository = Pick<RegistrySettings, 'host' | 'path'> | undefined;

/** Code that is guessed, and what follows from it. Digests are in hex. */
export interface GuessedText {
  readonly text: string;
  readonly digest: string;
  /** What it is to pods where a registry keeps it, and the digest of what names it. */
  readonly image?: { readonly name: string; readonly digest: string; readonly partsDigest: string };
}

/** The code of a guess. */
export function guessedCode({ value }: Guess, repository: Repository): GuessedText {
  const text = `code ${value}`;
  const code = { text, digest: hexOf(text) };
  if (repository === undefined) return code;
  const digest = hexOf(`image ${value}`);
  const name = `${repository.host}/${repository.path}@sha256:${digest}`;
  return { ...code, image: { name, digest, partsDigest: digestOf([imagePart(name)]) } };
}

function hexOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Answers every question with a guess, and remembers who asked what. */
export class GuessedCode implements CodeResolver {
  readonly #guess: Guess;
  readonly #repository: Repository;
  readonly #asked = new Map<string, CodeQuestion>();

  constructor(guess: Guess, repository: Repository) {
    this.#guess = guess;
    this.#repository = repository;
  }

  ask(question: CodeQuestion): Promise<CodeAnswer> {
    const { asker, request, credentials } = question;
    const refused = unresolvable(request, credentials !== undefined);
    if (refused !== undefined) return Promise.resolve(refused);
    this.#asked.set(asker, question);
    const { text: code, digest, image } = guessedCode(this.#guess, this.#repository);
    const { now: bytes } = this.#guess; // nobody knows how many: no two looks are to agree on it
    return Promise.resolve({
      kind: 'resolved',
      code,
      map: '',
      mapName: '',
      digest: `sha256-${digest}`,
      bytes,
      entry: request.entry.url,
      modules: 1,
      time: new Date(bytes).toISOString(),
      ...(image === undefined ? {} : { image: image.name }),
    });
  }

  /** What the worker `namespace/name` asked for last. */
  askedBy(asker: string): CodeQuestion | undefined {
    return this.#asked.get(asker);
  }

  keep(): void {
    // nothing runs
  }

  onAnswer(): void {
    // every answer is given at once
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What Jobs are rendered with. */
export interface JobParts {
  readonly cluster: Pick<Cluster, 'list'>;
  readonly lookUp: LookUp;
  readonly options: ShapingOptions;
  readonly resources: JobSettings['resources'];
  readonly way: JobWay;
}

/** The Job that answers a question, and what it owns. */
export async function jobObjects(
  question: CodeQuestion,
  { cluster, lookUp, options, resources, way }: JobParts,
): Promise<readonly KubeObject[]> {
  const { workerImage: image, podUser = 'Image', clusterBlocks = [], searchDomains = [] } = options;
  const { flavor = 'Kubernetes' } = question;
  const [namespace = 'default'] = question.asker.split('/');
  const job = jobOf(namespace, question, { image, podUser, resources, way, deadlineSeconds });
  const known = { ...job, metadata: { ...job.metadata, uid: `<UID of Job ${keyOf(job.metadata)}>` } };
  const dialled = { hosts: dialledHostsOf(question.request), proxies: proxyHosts(way), flavor };
  const opened = await egressOf({ cluster, lookUp, clusterBlocks, searchDomains })(namespace, dialled);
  return [job, policyOf(known, question, opened), inputOf(known, question, way)];
}
