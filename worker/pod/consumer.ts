/** The consumer a process works as: its config hash, decoded, and its secret, opened. */
import { decodeConfigHash, type WorkerConfig } from '../../contract/config-hash.ts';
import { decodeKeyLine, decryptSecret } from '../../contract/secrets.ts';
import { FatalError } from './fatal.ts';
import { messageOf } from './foreign.ts';

/**
 * Reads the fields of the config hash.
 * @throws FatalError (badConfig) when they are none
 */
export function decodeConfig(fields: Readonly<Record<string, string>>, hashKey: string): WorkerConfig {
  try {
    return decodeConfigHash(fields);
  } catch (cause) {
    throw new FatalError('badConfig', `the config hash ${hashKey} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/**
 * The decrypted secret without the type it was made for; empty when there is none. No message of a failure repeats any
 * of it.
 * @param keyLine the line `worker-v0 <key>`
 * @throws FatalError (badConfig) when it cannot be opened
 */
export async function openSecret(
  { secret, type }: WorkerConfig,
  hashKey: string,
  keyLine: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  if (secret === undefined) return Object.freeze({});
  if (keyLine === undefined) {
    throw new FatalError(
      'badConfig',
      `the config hash ${hashKey} carries a secret and there is no key for it; give the key line on stdin or in the file WORKER_KEY_FILE names`,
    );
  }
  try {
    const { type: _madeFor, ...secrets } = await decryptSecret(type, secret, decodeKeyLine(keyLine));
    return Object.freeze(secrets);
  } catch (cause) {
    throw new FatalError('badConfig', `the secret of ${hashKey} cannot be opened: ${messageOf(cause)}`);
  }
}
