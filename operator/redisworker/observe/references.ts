/** Reads what a spec refers to by name: its source and its Secret. */
import type { EncryptedSecret } from '../../../contract/config-hash.ts';
import { ClusterError, type KubeObject, type ObjectRef, type Resource, resources } from '../../cluster/cluster.ts';
import { childrenIn } from '../model/belonging.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { sourceConfigMapName, sourceOfPart } from '../model/names.ts';
import { missing, type Resolved } from '../model/problem.ts';
import type { Referred, Source } from '../model/observed.ts';
import type { References } from '../follow/references.ts';
import { textKey, type Texts } from '../model/work.ts';
import { seal, secretValues } from './seal.ts';
import { refusedSecret } from './secret-rules.ts';
import { resolveSource, textOfConfigMap } from './source.ts';
import type { World } from '../world.ts';

/** Who looks at what. */
export interface Reader {
  readonly blueprint: Blueprint;
  readonly aesKey: string;
  /** Gets what was read. */
  readonly referred: Referred[];
}

/** Source, further texts and secret of a worker. @throws ClusterError when the cluster does not answer */
export async function readReferences(
  world: World,
  reader: Reader,
): Promise<{ source: Resolved<Source>; texts: Resolved<Texts>; secret: Resolved<EncryptedSecret | undefined> }> {
  const [source, texts, secret] = await Promise.all([
    readSource(world, reader),
    readTexts(world, reader),
    readSecret(world, reader),
  ]);
  return { source, texts, secret };
}

/** What the ConfigMaps hold that the work names. */
async function readTexts({ following }: World, { blueprint, referred }: Reader): Promise<Resolved<Texts>> {
  const texts = new Map<string, string>();
  for (const { name, key } of blueprint.work.texts ?? []) {
    const ref = { namespace: blueprint.parent.namespace, name };
    const found = await readNamed(following.references, referred, resources.configMaps, ref);
    const text = found.ok ? textOfConfigMap({ name, key }, found.value, 'spec.hats') : found;
    if (!text.ok) return text;
    texts.set(textKey({ name, key }), text.value);
  }
  return { ok: true, value: texts };
}

/** Reads one object; a refused read is a problem in the server's words. @throws ClusterError */
export async function readNamed(
  references: References,
  referred: Referred[],
  resource: Resource,
  ref: ObjectRef,
): Promise<Resolved<KubeObject | undefined>> {
  return orForbidden(async () => {
    const value = await references.read(resource, ref);
    referred.push({ resource, ref });
    return value;
  });
}

/** What was read, or a refusal as a problem in the server's words. @throws ClusterError for anything else */
export async function orForbidden<T>(read: () => Promise<T>): Promise<Resolved<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 403) throw error;
    return { ok: false, problem: missing('Forbidden', error.message) };
  }
}

async function readSource(world: World, reader: Reader): Promise<Resolved<Source>> {
  const { source, sourceProblem } = reader.blueprint;
  if (sourceProblem === undefined) return readCode(world, reader);
  if (source.bundle === undefined) return { ok: false, problem: missing('SourceNotBuilt', sourceProblem) };
  const lastGood = await readCode(world, reader);
  return lastGood.ok ? { ok: true, value: { ...lastGood.value, notBuilt: sourceProblem } } : lastGood;
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
  const { secretName, parent, type } = reader.blueprint;
  if (secretName === undefined) return { ok: true, value: undefined };
  const secret = await readNamed(world.following.references, reader.referred, resources.secrets, {
    namespace: parent.namespace,
    name: secretName,
  });
  if (!secret.ok) return secret;
  if (!secret.value) {
    return {
      ok: false,
      problem: missing(
        'SecretNotFound',
        `Secret "${secretName}" of spec.secretRef does not exist: create it in namespace "${parent.namespace}"`,
      ),
    };
  }
  const refused = refusedSecret(secret.value, { field: 'spec.secretRef', as: 'values' }, world.defaults.secretConsent);
  if (refused) return { ok: false, problem: refused };
  const values = secretValues(secret.value);
  return values.ok ? { ok: true, value: await seal(type, values.value, reader.aesKey) } : values;
}
