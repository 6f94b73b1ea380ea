/** Reads keys of a Secret a spec refers to, as text. */
import { withoutLineEnds } from '../../../contract/secrets.ts';
import { type KubeObject, resources } from '../../cluster/cluster.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { Referred } from '../model/observed.ts';
import { missing, type Resolved } from '../model/problem.ts';
import { readNamed } from './read-named.ts';
import { refusedSecret, type SecretUse } from './secret-rules.ts';
import type { World } from '../world.ts';

/** Who looks; `referred` gets what was read. */
export interface SecretReader {
  readonly blueprint: Blueprint;
  readonly referred: Referred[];
}

/** The keys wanted of one Secret. */
export interface WantedKeys {
  readonly name: string;
  readonly keys: readonly string[];
}

/** The texts of the keys, in their order and of one version of the Secret. @throws ClusterError */
export async function readSecretKeys(
  world: World,
  { blueprint, referred }: SecretReader,
  { name, keys }: WantedKeys,
  use: Omit<SecretUse, 'key'>,
): Promise<Resolved<readonly string[]>> {
  const { namespace } = blueprint.parent;
  const secret = await readNamed(world.following.references, referred, resources.secrets, { namespace, name });
  if (!secret.ok) return secret;
  if (!secret.value) {
    const wanted = keys.map((key) => `the key "${key}"`).join(' and ');
    return {
      ok: false,
      problem: missing(
        'SecretNotFound',
        `Secret "${name}" of ${use.field} does not exist: create it in namespace "${namespace}" with ${wanted}`,
      ),
    };
  }
  const texts: string[] = [];
  for (const key of keys) {
    const refused = refusedSecret(secret.value, { ...use, key }, world.defaults.secretConsent);
    if (refused) return { ok: false, problem: refused };
    const text = textOf(secret.value, key);
    if (text === undefined) {
      return {
        ok: false,
        problem: missing('SecretKeyNotFound', `Secret "${name}" of ${use.field} has no key "${key}": add it`),
      };
    }
    texts.push(text);
  }
  return { ok: true, value: texts };
}

/** The text of one key; undefined when the spec names none. @throws ClusterError */
export async function readSecretKey(
  world: World,
  reader: SecretReader,
  ref: { readonly name: string; readonly key: string } | undefined,
  use: Omit<SecretUse, 'key'>,
): Promise<Resolved<string | undefined>> {
  if (!ref) return { ok: true, value: undefined };
  const texts = await readSecretKeys(world, reader, { name: ref.name, keys: [ref.key] }, use);
  return texts.ok ? { ok: true, value: texts.value[0] } : texts;
}

function textOf(secret: KubeObject, key: string): string | undefined {
  const base64 = ((secret.data ?? {}) as Record<string, string>)[key];
  return base64 === undefined ? undefined : withoutLineEnds(Buffer.from(base64, 'base64').toString('utf8'));
}
