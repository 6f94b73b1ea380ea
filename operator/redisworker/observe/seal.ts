/** Turns a user's Secret into the encrypted fields of the config hash, the same way every time. */
import { createHmac } from 'node:crypto';
import type { EncryptedSecret } from '../../../contract/config-hash.ts';
import { maxSecretBytes } from '../../../contract/limits.ts';
import { encryptSecret } from '../../../contract/secrets.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { canonicalJson } from '../desired/drift.ts';
import { type Resolved, terminal } from '../model/problem.ts';

/** The values of a Secret as text. Values that are not UTF-8, or too much of them, are a problem that names the key. */
export function secretValues(secret: KubeObject): Resolved<Record<string, string>> {
  const name = `Secret "${secret.metadata.name}"`;
  const values: Record<string, string> = {};
  for (const [key, base64] of Object.entries((secret.data ?? {}) as Record<string, string>)) {
    const text = decodeUtf8(base64);
    if (text === undefined) {
      return {
        ok: false,
        problem: terminal(
          'SecretNotText',
          `${name}: the value of key "${key}" is not UTF-8 text; store binary values as base64 text`,
        ),
      };
    }
    values[key] = text;
  }
  const bytes = Buffer.byteLength(JSON.stringify(values));
  if (bytes > maxSecretBytes) {
    return {
      ok: false,
      problem: terminal(
        'SecretTooLarge',
        `${name} holds ${bytes} bytes as JSON; a worker takes at most ${maxSecretBytes}: keep only what the worker needs in it`,
      ),
    };
  }
  return { ok: true, value: values };
}

/**
 * Encrypts values for a worker type. The initialisation vector follows from key and values, so equal
 * input gives equal fields and nothing is written twice.
 */
export function seal(type: string, values: Readonly<Record<string, string>>, aesKey: string): Promise<EncryptedSecret> {
  const iv = createHmac('sha256', aesKey).update(canonicalJson({ type, values })).digest('hex').slice(0, 32);
  return encryptSecret(type, values, aesKey, iv);
}

function decodeUtf8(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}
