/** `redisworker render`: what the operator would write for the workers of manifest files, without a cluster. */
import { randomBytes, randomUUID } from 'node:crypto';
import { stringify } from 'yaml';
import type { ConfigHashFields } from '../contract/config-hash.ts';
import { configHashKey } from '../contract/keys.ts';
import { generateKey } from '../contract/secrets.ts';
import { type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { partDigits, sourceDigits } from '../operator/redisworker/model/names.ts';
import { writesOf } from '../operator/redisworker/desired/writes.ts';
import { type ExitCode, exitCodes } from './failure.ts';
import type { Io } from './io.ts';
import { type Guess, identified, knownUid, readDocuments, standIns } from './render-documents.ts';
import { type Known, lookAtAll, type Seen } from './render-look.ts';
import { guessedCode, type GuessedText } from './render-code.ts';
import { refusals, unknowns } from './render-told.ts';
import { agreed, type Guessed, withoutSecrets, withoutValues } from './render-unknown.ts';

/** What to render, and how. */
export interface RenderOptions extends Known {
  /** Files, folders, and `-` for standard input. */
  readonly files: readonly string[];
  /** Namespace of documents that name none. */
  readonly namespace: string;
  readonly output: 'yaml' | 'json';
  /** The config hashes too, as documents of a kind that no cluster has. */
  readonly redisHashes: boolean;
}

/** A document that is printed. */
type Rendered = KubeObject | { readonly kind: 'RedisHash'; readonly key: string; readonly fields: ConfigHashFields };

/**
 * Prints the objects in the order of writes, and on standard error what is wrong and what is not known.
 * @returns 1 when a manifest is refused or a worker has no objects
 */
export async function render(options: RenderOptions, io: Io): Promise<ExitCode> {
  const { objects, problems } = await readDocuments(options.files, options.namespace, io);
  for (const problem of problems) io.err(problem);
  const pairs = await lookTwice(objects, options);
  const documents = pairs.flatMap((pair) => {
    const refused = refusals(pair.looks[0]);
    const told = refused.length > 0 ? refused : [pair.unknown].filter((sentence) => sentence !== undefined);
    for (const sentence of told) io.err(sentence);
    return refused.length > 0 ? [] : [documentsOf(pair, options)];
  });
  if (pairs.length === 0 && problems.length === 0) io.err(`there is no RedisWorker in ${options.files.join(', ')}`);
  if (documents.length > 0) io.out(printed(once(documents.flat()), options));
  const isWhole = problems.length === 0 && pairs.length > 0 && documents.length === pairs.length;
  return isWhole ? exitCodes.ok : exitCodes.failed;
}

/** A worker as two looks with different guesses see it. */
interface Pair {
  readonly looks: readonly [Seen, Seen];
  readonly guessed: readonly Guessed[];
  readonly unknown: string | undefined;
}

async function lookTwice(objects: readonly KubeObject[], known: Known): Promise<readonly Pair[]> {
  const now = Date.now();
  const { registry } = known.code;
  const guesses = [aGuess(now), aGuess(now + 1)] as const;
  const guessedSecrets = standIns(objects, guesses[0], known.options.secretConsent);
  const [ones, others] = await Promise.all(guesses.map((guess) => {
    const secrets = standIns(objects, guess, known.options.secretConsent);
    return lookAtAll([...identified(objects, guess), ...secrets], known, guess);
  }));
  const workers = objects.filter(({ kind }) => kind === resources.redisWorkers.kind);
  return (ones ?? []).flatMap((one, at) => {
    const [other, worker] = [others?.[at], workers[at]];
    if (!other || !worker) return [];
    const isIdentified = knownUid(worker, objects) !== undefined;
    return [{
      looks: [one, other],
      guessed: [
        ...guessedOf(one, other, guesses),
        ...codeGuesses(guesses.map((guess) => guessedCode(guess, registry))),
      ],
      unknown: unknowns(one, { isIdentified, guessedSecrets }),
    }];
  });
}

/** Workers that ask for the same code share the Job that resolves it. */
function once(documents: readonly Rendered[]): readonly Rendered[] {
  const texts = new Set<string>();
  return documents.filter((document) => {
    const text = JSON.stringify(document);
    return !texts.has(text) && texts.add(text);
  });
}

function aGuess(now: number): Guess {
  const stem = randomUUID().slice('00000000'.length);
  return {
    // The one that comes first among the files counts as the older.
    uid: (_, at) => `${String(at).padStart(8, '0')}${stem}`,
    aesKey: generateKey(),
    password: randomBytes(32).toString('base64url'),
    now,
    value: randomUUID(),
  };
}

function guessedOf(one: Seen, other: Seen, [first, second]: readonly [Guess, Guess]): readonly Guessed[] {
  const [uid, otherUid] = [one.observed.object.metadata.uid, other.observed.object.metadata.uid];
  const time = ({ now }: Guess): string => new Date(now).toISOString();
  return [
    ...(uid === undefined || otherUid === undefined || uid === otherUid
      ? []
      : [{ guesses: [uid, otherUid], says: `<UID of RedisWorker ${one.worker}>` } as const]),
    { guesses: [time(first), time(second)], says: '<time of the write>' },
  ];
}

/** Of code that is resolved in a cluster: its text, its digest, and the part of that in a name. */
function codeGuesses([one, other]: readonly GuessedText[]): readonly Guessed[] {
  if (one === undefined || other === undefined) return [];
  const says = '<digest of the code>';
  return [
    { guesses: [one.text, other.text], says: '<the code that was resolved>' },
    { guesses: [one.digest, other.digest], says },
    { guesses: [one.digest.slice(0, sourceDigits), other.digest.slice(0, sourceDigits)], says },
    ...(one.image === undefined || other.image === undefined ? [] : imageGuesses(one.image, other.image)),
  ];
}

/** Of an image that is pushed there. */
function imageGuesses(one: GuessedImage, other: GuessedImage): readonly Guessed[] {
  const says = '<digest of the image>';
  const digits = ({ partsDigest }: GuessedImage): string => partsDigest.slice(0, partDigits);
  return [{ guesses: [one.digest, other.digest], says }, { guesses: [digits(one), digits(other)], says }];
}

type GuessedImage = NonNullable<GuessedText['image']>;

function documentsOf({ looks: [one, other], guessed }: Pair, { redisHashes }: RenderOptions): readonly Rendered[] {
  const [first, second] = [renderedBy(one, redisHashes), renderedBy(other, redisHashes)];
  return agreed(first, second, guessed);
}

function renderedBy({ plan: { desired }, observed: { spec }, jobs }: Seen, redisHashes: boolean): readonly Rendered[] {
  if (!desired || !spec) return [];
  const { before, after } = writesOf(desired);
  const hashes = [...desired.configHashes].map(([id, fields]) => ({
    kind: 'RedisHash' as const,
    key: configHashKey(spec.blueprint.keyPrefix, id),
    fields: withoutSecrets(fields),
  }));
  return [...[...jobs, ...before].map(shown), ...(redisHashes ? hashes : []), ...after.map(shown)];
}

function shown(object: KubeObject): KubeObject {
  return object.kind === resources.secrets.kind ? withoutValues(object) : object;
}

function printed(documents: readonly Rendered[], { output }: RenderOptions): string {
  if (output === 'json') return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents }, undefined, 2);
  return documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd())
    .join('\n---\n');
}
