/** Reads what a spec refers to by name: its source and its Secret. */
import type { EncryptedSecret } from '../../../contract/config-hash.ts';
import { resources } from '../../cluster/cluster.ts';
import { childrenIn } from '../model/belonging.ts';
import { sourceConfigMapName, sourceOfPart } from '../model/names.ts';
import { missing, type Resolved } from '../model/problem.ts';
import type { ObservedSpec, Source } from '../model/observed.ts';
import { isElsewhere } from '../model/code-request.ts';
import { findCode, type FoundCode } from './code.ts';
import { type Reader, readNamed } from './read-named.ts';
import { textKey, type Texts } from '../model/work.ts';
import { seal, secretValues } from './seal.ts';
import { readConsentedSecret } from './read-secret.ts';
import { resolveSource, textOfConfigMap } from './source.ts';
import type { World } from '../world.ts';

/** Source, further texts and secret of a worker. @throws ClusterError when the cluster does not answer */
export async function readReferences(
  world: World,
  reader: Reader,
): Promise<Pick<ObservedSpec, 'source' | 'asksCode' | 'secret'> & { readonly texts: Resolved<Texts> }> {
  const [{ source, asks }, texts, secret] = await Promise.all([
    readSource(world, reader),
    readTexts(world, reader),
    readSecret(world, reader),
  ]);
  return { source, asksCode: asks, texts, secret };
}

/** What the ConfigMaps hold that the work names. */
async function readTexts({ following }: World, { blueprint, referred }: Reader): Promise<Resolved<Texts>> {
  const texts = new Map<string, string>();
  for (const { name, key, field } of blueprint.work.texts ?? []) {
    const ref = { namespace: blueprint.parent.namespace, name };
    const found = await readNamed(following.references, referred, resources.configMaps, ref);
    const text = found.ok ? textOfConfigMap({ name, key }, found.value, field) : found;
    if (!text.ok) return text;
    texts.set(textKey({ name, key }), text.value);
  }
  return { ok: true, value: texts };
}

async function readSource(world: World, reader: Reader): Promise<FoundCode> {
  const { source, sourceProblem } = reader.blueprint;
  if (sourceProblem === undefined && isElsewhere(source)) return findCode(world, reader);
  return { source: await readOwnSource(world, reader) };
}

async function readOwnSource(world: World, reader: Reader): Promise<Resolved<Source>> {
  const { source, sourceProblem } = reader.blueprint;
  if (sourceProblem === undefined) return readCode(world, reader);
  if (source.bundle === undefined) return { ok: false, problem: missing('SourceNotBuilt', sourceProblem) };
  const lastGood = await readCode(world, reader);
  const behind = missing('SourceNotBuilt', sourceProblem);
  return lastGood.ok ? { ok: true, value: { ...lastGood.value, behind } } : lastGood;
}

async function readCode(world: World, reader: Reader): Promise<Resolved<Source>> {
  const { source, parent } = reader.blueprint;
  const names = source.configMap === undefined ? source.bundle?.configMaps ?? [] : [source.configMap.name];
  const read = await Promise.all(
    names.map((name) =>
      readNamed(world.following.references, reader.referred, resources.configMaps, {
        namespace: parent.namespace,
        name,
      })
    ),
  );
  const refused = read.find((one) => !one.ok);
  if (refused !== undefined) return refused;
  const configMaps = read.map((one) => (one.ok ? one.value : undefined));
  const code = configMaps.includes(undefined) ? source.bundle?.digest : undefined;
  const kept = code === undefined ? undefined : await readKept(world, reader, code);
  return kept ?? resolveSource(source, configMaps);
}

/** Code whose ConfigMaps are gone, from what is kept of it for a rollback; undefined when it is not. */
async function readKept(
  world: World,
  { blueprint: { parent }, referred }: Reader,
  code: string,
): Promise<Resolved<Source> | undefined> {
  const whole = sourceConfigMapName(parent.name, code);
  const names = childrenIn(world.following.copies.configMaps, parent).map(({ metadata }) => metadata.name).filter((
    name,
  ) => sourceOfPart(name) === whole);
  const inOrder = names.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const read = await Promise.all(
    inOrder.map((name) =>
      readNamed(world.following.references, referred, resources.configMaps, { namespace: parent.namespace, name })
    ),
  );
  const configMaps = read.flatMap((one) => (one.ok && one.value !== undefined ? [one.value] : []));
  const kept = resolveSource({ bundle: { digest: code, configMaps: inOrder } }, configMaps);
  return kept.ok ? kept : undefined;
}

async function readSecret(world: World, reader: Reader): Promise<Resolved<EncryptedSecret | undefined>> {
  const { secretName, type } = reader.blueprint;
  if (secretName === undefined) return { ok: true, value: undefined };
  const secret = await readConsentedSecret(world, reader, { name: secretName, field: 'spec.secretRef' });
  if (!secret.ok) return secret;
  const values = secretValues(secret.value);
  return values.ok ? { ok: true, value: await seal(type, values.value, reader.aesKey) } : values;
}
