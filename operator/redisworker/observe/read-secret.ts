/** Reads a Secret whose values a spec uses. */
import { type KubeObject, resources } from '../../cluster/cluster.ts';
import { missing, type Resolved } from '../model/problem.ts';
import type { World } from '../world.ts';
import { type Reader, readNamed } from './read-named.ts';
import { refusedSecret } from './secret-rules.ts';

/** A Secret as a spec names it. */
export interface NamedSecret {
  readonly name: string;
  /** The field that names it. */
  readonly field: string;
  /** What is to be in it, behind "create it in namespace …". */
  readonly hint?: string;
}

/** The Secret, when it is there and its values may be used so. @throws ClusterError */
export async function readConsentedSecret(
  world: World,
  { blueprint: { parent: { namespace } }, referred }: Reader,
  { name, field, hint = '' }: NamedSecret,
): Promise<Resolved<KubeObject>> {
  const secret = await readNamed(world.following.references, referred, resources.secrets, { namespace, name });
  if (!secret.ok) return secret;
  if (!secret.value) {
    const sentence = `Secret "${name}" of ${field} does not exist: create it in namespace "${namespace}"${hint}`;
    return { ok: false, problem: missing('SecretNotFound', sentence) };
  }
  const refused = refusedSecret(secret.value, { field, as: 'values' }, world.defaults.secretConsent);
  if (refused) return { ok: false, problem: refused };
  return { ok: true, value: secret.value };
}
