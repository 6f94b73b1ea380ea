/** Reads what the host of a worker's code is shown: a token, or a name and a password. */
import type { KubeObject } from '../../cluster/cluster.ts';
import type { CodeCredentials } from '../../code/request.ts';
import { missing, type Resolved } from '../model/problem.ts';
import type { World } from '../world.ts';
import type { Reader } from './read-named.ts';
import { readConsentedSecret } from './read-secret.ts';

const field = 'spec.source.credentialsSecretRef';

/** The credentials a spec names; undefined when it names none. @throws ClusterError */
export async function readCodeCredentials(
  world: World,
  reader: Reader,
): Promise<Resolved<CodeCredentials | undefined>> {
  const { source } = reader.blueprint;
  if (source.credentialsSecretRef === undefined) return { ok: true, value: undefined };
  const { name } = source.credentialsSecretRef;
  const hint = ' with the key "token", or with "username" and "password"';
  const secret = await readConsentedSecret(world, reader, { name, field, hint });
  if (!secret.ok) return secret;
  const credentials = credentialsIn(secret.value);
  return credentials ? { ok: true, value: credentials } : {
    ok: false,
    problem: missing(
      'SecretKeyNotFound',
      `Secret "${name}" of ${field} has no key "token", and not both "username" and "password": add what the host wants to see`,
    ),
  };
}

/** The header of a whole is taken as well, where it is of a kind Deno sends. */
export function credentialsIn(secret: KubeObject): CodeCredentials | undefined {
  const token = valueOf(secret, 'token');
  if (token) return { kind: 'token', token };
  const [username, password] = [valueOf(secret, 'username'), valueOf(secret, 'password')];
  if (username && password) return { kind: 'basic', username, password };
  const [, bearer] = /^Bearer\s+(\S+)$/i.exec(valueOf(secret, 'authorization') ?? '') ?? [];
  return bearer === undefined ? undefined : { kind: 'token', token: bearer };
}

function valueOf(
  { data, stringData }: KubeObject & { readonly stringData?: unknown },
  key: string,
): string | undefined {
  const [encoded, plain] = [data, stringData].map((one) => (one ?? {}) as Record<string, string | undefined>);
  const text = plain?.[key] ??
    (encoded?.[key] === undefined ? undefined : Buffer.from(encoded[key], 'base64').toString());
  return text?.trim();
}
