/**
 * Finds code that comes from elsewhere: what was resolved once is kept beside the code, and found again without asking
 * anybody. So a host that is down stops nothing.
 */
import { bundleFileName } from '../../../contract/pod.ts';
import { resources } from '../../cluster/cluster.ts';
import { partsOf } from '../../code/bundle-parts.ts';
import { isPacked } from '../../code/pack.ts';
import type { CodeAnswer, KeptCode } from '../../code/resolver.ts';
import { imagePart, partDigest } from '../desired/source-config-map.ts';
import { requestDigest } from '../../code/request.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { readStatus } from '../../api/redisworker.ts';
import { codeRequestOf, localRelease, questionId, type RequestParts } from '../model/code-request.ts';
import { annotations } from '../model/names.ts';
import type { Origin, Source } from '../model/observed.ts';
import { missing, type Problem, type Resolved, terminal } from '../model/problem.ts';
import type { World } from '../world.ts';
import { readCodeCredentials } from './code-credentials.ts';
import { type Reader, readNamed } from './read-named.ts';

/** The code, and the question for it that is not answered yet. */
export interface FoundCode {
  readonly source: Resolved<Source>;
  readonly asks?: string | undefined;
}

/** Code that was resolved for each worker is noted beside it; so many notes of other requests are kept. */
const mostOrigins = 8;

/** Code of a source that is elsewhere. @throws ClusterError */
export async function findCode(world: World, reader: Reader): Promise<FoundCode> {
  const { source, parent, resolveWish, flavor } = reader.blueprint;
  const onDisk = localRelease(source);
  if (onDisk !== undefined) {
    return {
      source: refused(
        terminal(
          'SourceIsLocal',
          `${onDisk}, which only "redisworker up" can read: name an http:// or https:// address and a version`,
        ),
      ),
    };
  }
  const { code } = world.following;
  if (code === undefined) {
    return {
      source: refused(
        terminal(
          'NotSupported',
          'this operator resolves no code from elsewhere: bundle the module with "redisworker build"',
        ),
      ),
    };
  }
  const texts = await readTexts(world, reader);
  if (!texts.ok) return { source: texts };
  const request = codeRequestOf(source, {
    ...texts.value,
    namespace: parent.namespace,
    registries: world.defaults.registries ?? {},
  });
  const digest = requestDigest(request);
  const stored = storedFor(reader.configMaps, digest);
  const isMet = resolveWish === undefined || stored?.origin.wish === resolveWish ||
    readStatus(reader.object)?.source?.resolveRequestedAt === resolveWish;
  if (stored !== undefined && isMet) {
    return { source: { ok: true, value: storedSource(stored, resolveWish) } };
  }
  const credentials = await readCodeCredentials(world, reader);
  if (!credentials.ok) return { source: standIn(stored, credentials.problem) };
  const id = questionId(request, resolveWish);
  const asker = `${parent.namespace}/${parent.name}`;
  const answer = await code.ask({ asker, id, request, credentials: credentials.value, flavor });
  return { source: sourceFrom(answer, { digest, wish: resolveWish, stored, configMaps: reader.configMaps }), asks: id };
}

interface Stored {
  readonly configMaps: readonly KubeObject[];
  readonly origin: Origin;
}

interface Asked {
  readonly digest: string;
  readonly wish: string | undefined;
  /** What an earlier answer has left. */
  readonly stored: Stored | undefined;
  readonly configMaps: readonly KubeObject[];
}

function sourceFrom(answer: CodeAnswer, asked: Asked): Resolved<Source> {
  switch (answer.kind) {
    case 'pending':
      return standIn(
        asked.stored,
        missing('SourceResolving', 'the code is being resolved: fetched, bundled and checked'),
      );
    case 'failed':
      return standIn(asked.stored, missing(answer.reason, `${answer.sentence}; it is tried again`));
    case 'refused':
      return standIn(asked.stored, terminal(answer.reason, answer.sentence));
    case 'resolved':
      return { ok: true, value: resolvedSource(answer, asked) };
  }
}

function resolvedSource(answer: KeptCode, { digest: request, wish, configMaps }: Asked): Source {
  const { bytes, digest, entry, commit, modules, time } = answer;
  // The same code restarts no pod: what lies in ConfigMaps stays there.
  const isHeld = heldAs(configMaps, (one) => one.digest === digest && one.image === undefined).length > 0;
  const image = isHeld ? undefined : answer.image;
  const parts = image === undefined ? partsOf(answer) : [imagePart(image)];
  const origin: Origin = {
    request,
    ...(wish === undefined ? {} : { wish }),
    digest,
    bytes,
    entry,
    ...(commit === undefined ? {} : { commit }),
    modules,
    parts: parts.map(partDigest),
    ...(isPacked(parts) ? { isPacked: true } : {}),
    ...(image === undefined ? {} : { image }),
    time,
  };
  const before = configMaps.flatMap(originsOf).filter((one) => one.digest === digest && one.request !== request);
  const others = [...new Map(before.map((one) => [one.request, one])).values()];
  return { parts, fileName: bundleFileName, digest, bytes, origin, origins: [origin, ...others].slice(0, mostOrigins) };
}

/** What was found before goes on, whatever is the matter with what is asked for now. */
function standIn(stored: Stored | undefined, problem: Problem): Resolved<Source> {
  return stored === undefined
    ? refused(problem)
    : { ok: true, value: { ...storedSource(stored, undefined), behind: problem } };
}

/** A wish that was met stays met, also when the code of an earlier request is found again. */
function storedSource({ configMaps, origin }: Stored, wish: string | undefined): Source {
  const { digest, bytes } = origin;
  const met = wish === undefined ? origin : { ...origin, wish };
  return { parts: [], fileName: bundleFileName, digest, bytes, origin: met, stored: configMaps };
}

/** The newest of what was resolved for a request and is there as a whole. */
function storedFor(configMaps: readonly KubeObject[], request: string): Stored | undefined {
  return heldAs(configMaps, (origin) => origin.request === request)[0];
}

/** What is there as a whole of what was resolved, the newest first. */
function heldAs(configMaps: readonly KubeObject[], isMeant: (origin: Origin) => boolean): readonly Stored[] {
  const origins = configMaps.flatMap(originsOf).filter(isMeant);
  return origins.sort((one, other) => (one.time < other.time ? 1 : -1)).flatMap((origin) => {
    const held = origin.parts.map((part) => configMaps.find((configMap) => isPart(configMap, origin, part)));
    const whole = held.filter((one) => one !== undefined);
    return whole.length === held.length ? [{ origin, configMaps: whole }] : [];
  });
}

/** The copy has a digest of what it holds; somebody may have put something else there. */
function isPart(configMap: KubeObject, { request }: Origin, part: string): boolean {
  const { sourceDigest, metadata } = configMap as KubeObject & { readonly sourceDigest?: unknown };
  return metadata.deletionTimestamp === undefined && sourceDigest === part &&
    originsOf(configMap).some((one) => one.request === request);
}

function originsOf({ metadata }: KubeObject): readonly Origin[] {
  const text = metadata.annotations?.[annotations.origins];
  if (text === undefined) return [];
  try {
    const origins = JSON.parse(text) as unknown;
    return Array.isArray(origins) ? (origins as unknown[]).filter(isOrigin) : [];
  } catch {
    return [];
  }
}

function isOrigin(value: unknown): value is Origin {
  if (typeof value !== 'object' || value === null) return false;
  const { request, digest, bytes, entry, modules, parts, time } = value as Partial<Record<keyof Origin, unknown>>;
  return [request, digest, entry, time].every((one) => typeof one === 'string') &&
    [bytes, modules].every((one) => typeof one === 'number') && Array.isArray(parts) && parts.length > 0;
}

async function readTexts(world: World, reader: Reader): Promise<Resolved<Pick<RequestParts, 'lock' | 'importMap'>>> {
  const [lock, importMap] = [await readText(world, reader, 'lock'), await readText(world, reader, 'importMap')];
  if (!lock.ok) return lock;
  return importMap.ok ? { ok: true, value: { lock: lock.value, importMap: importMap.value } } : importMap;
}

async function readText(
  world: World,
  { blueprint: { source, parent: { namespace } }, referred }: Reader,
  field: 'lock' | 'importMap',
): Promise<Resolved<string | undefined>> {
  const ref = source[field];
  if (ref === undefined) return { ok: true, value: undefined };
  const { name, key } = ref;
  const found = await readNamed(world.following.references, referred, resources.configMaps, { namespace, name });
  if (!found.ok) return found;
  if (!found.value) {
    return refused(
      missing(
        'ConfigMapNotFound',
        `ConfigMap "${name}" of spec.source.${field} does not exist: create it with the file under key "${key}"`,
      ),
    );
  }
  const data = (found.value.data ?? {}) as Record<string, string>;
  const text = Object.hasOwn(data, key) ? data[key] : undefined;
  return text === undefined
    ? refused(
      missing(
        'ConfigMapKeyNotFound',
        `ConfigMap "${name}" has no key "${key}": name one it has in spec.source.${field}.key, or add it`,
      ),
    )
    : { ok: true, value: text };
}

function refused(problem: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem };
}
