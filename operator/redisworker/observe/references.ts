/** Reads what a spec refers to by name: its source and its Secret. */
import type { EncryptedSecret } from '../../../contract/config-hash.ts';
import { type KubeObject, resources } from '../../cluster/cluster.ts';
import { childrenIn } from '../model/belonging.ts';
import { sourceConfigMapName, sourceOfPart } from '../model/names.ts';
import { missing, type Resolved } from '../model/problem.ts';
import type { ObservedSpec, Source } from '../model/observed.ts';
import { isElsewhere } from '../model/code-request.ts';
import { findCode, type FoundCode } from './code.ts';
import { type Reader, readNamed } from './read-named.ts';
import { type Text, textKey, type Texts, type TextSource } from '../model/work.ts';
import { fileOnDisk } from '../model/unsupported.ts';
import { seal, secretValues } from './seal.ts';
import { readConsentedSecret } from './read-secret.ts';
import { resolveSource, textOfBundle, textOfConfigMap } from './source.ts';
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
async function readTexts(world: World, reader: Reader): Promise<Resolved<Texts>> {
  const texts = new Map<string, Text>();
  for (const { source, field } of reader.blueprint.work.texts ?? []) {
    const text = await readText(world, reader, source, field);
    if (!text.ok) return text;
    texts.set(textKey(source), text.value);
  }
  return { ok: true, value: texts };
}

async function readText(
  world: World,
  reader: Reader,
  { configMap, bundle, file = '' }: TextSource,
  field: string,
): Promise<Resolved<Text>> {
  if (configMap !== undefined) {
    const found = await readConfigMaps(world, reader, [configMap.name]);
    const text = found.ok ? textOfConfigMap(configMap, found.value[0], field) : found;
    return text.ok ? { ok: true, value: { text: text.value } } : text;
  }
  if (bundle !== undefined) {
    const found = await readConfigMaps(world, reader, bundle.configMaps);
    return found.ok ? textOfBundle(bundle, found.value, field) : found;
  }
  const { sourceProblem } = reader.blueprint;
  const problem = sourceProblem === undefined ? fileOnDisk(file, field) : missing('SourceNotBuilt', sourceProblem);
  return { ok: false, problem };
}

async function readSource(world: World, reader: Reader): Promise<FoundCode> {
  const { source, sourceProblem } = reader.blueprint;
  if (sourceProblem === undefined && isElsewhere(source)) return findCode(world, reader);
  return { source: await readOwnSource(world, reader) };
}

async function readOwnSource(world: World, reader: Reader): Promise<Resolved<Source>> {
  const { source, sourceProblem } = reader.blueprint;
  if (sourceProblem === undefined) return readCode(world, reader);
  const behind = missing('SourceNotBuilt', sourceProblem);
  if (source.file !== undefined || source.release !== undefined) return { ok: false, problem: behind };
  const lastGood = await readCode(world, reader);
  return lastGood.ok ? { ok: true, value: { ...lastGood.value, behind } } : lastGood;
}

async function readCode(world: World, reader: Reader): Promise<Resolved<Source>> {
  const { source } = reader.blueprint;
  const names = source.configMap === undefined ? source.bundle?.configMaps ?? [] : [source.configMap.name];
  const read = await readConfigMaps(world, reader, names);
  if (!read.ok) return read;
  const configMaps = read.value;
  const code = configMaps.includes(undefined) ? source.bundle?.digest : undefined;
  const kept = code === undefined ? undefined : await readKept(world, reader, code);
  return kept ?? resolveSource(source, configMaps);
}

/** The ConfigMaps of these names, in their order; undefined for one there is not. */
async function readConfigMaps(
  { following }: World,
  { blueprint: { parent: { namespace } }, referred }: Reader,
  names: readonly string[],
): Promise<Resolved<readonly (KubeObject | undefined)[]>> {
  const read = await Promise.all(
    names.map((name) => readNamed(following.references, referred, resources.configMaps, { namespace, name })),
  );
  const refused = read.find((one) => !one.ok);
  return refused ?? { ok: true, value: read.map((one) => (one.ok ? one.value : undefined)) };
}

/** Code whose ConfigMaps are gone, from what is kept of it for a rollback; undefined when it is not. */
async function readKept(
  world: World,
  reader: Reader,
  code: string,
): Promise<Resolved<Source> | undefined> {
  const { parent } = reader.blueprint;
  const whole = sourceConfigMapName(parent.name, code);
  const names = childrenIn(world.following.copies.configMaps, parent).map(({ metadata }) => metadata.name).filter((
    name,
  ) => sourceOfPart(name) === whole);
  const inOrder = names.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const read = await readConfigMaps(world, reader, inOrder);
  const configMaps = read.ok ? read.value.filter((one) => one !== undefined) : [];
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
