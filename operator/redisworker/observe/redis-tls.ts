/** Reads the certificates `spec.redis.tls` refers to, and looks whether they can be used. */
import type { RedisTls } from '../../../contract/redis-tls.ts';
import { authorityProblem, pairProblem } from '../../redis/certificates.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { missing, type Resolved } from '../model/problem.ts';
import { readSecretKey, readSecretKeys, type SecretReader } from './secret-keys.ts';
import type { World } from '../world.ts';

type TlsSpec = NonNullable<NonNullable<Blueprint['redis']>['tls']>;
type Identity = NonNullable<RedisTls['client']>;

const caField = 'spec.redis.tls.caSecretRef';
const certField = 'spec.redis.tls.certSecretRef';
const files = { cert: 'tls.crt', key: 'tls.key' } as const;

/** How TLS of a worker's own Redis is checked, and what the server is shown. @throws ClusterError */
export async function readRedisTls(world: World, reader: SecretReader, spec: TlsSpec): Promise<Resolved<RedisTls>> {
  const { caSecretRef, certSecretRef, serverName, minVersion } = spec;
  const ca = await readSecretKey(world, reader, caSecretRef, { field: caField, as: 'certificate' });
  if (!ca.ok) return ca;
  const wrong = ca.value === undefined ? undefined : authorityProblem(ca.value);
  if (wrong !== undefined && caSecretRef) return invalid(caSecretRef, caField, wrong);
  const client = certSecretRef ? await readIdentity(world, reader, certSecretRef.name) : undefined;
  if (client?.ok === false) return client;
  return {
    ok: true,
    value: {
      ...(ca.value === undefined ? {} : { ca: ca.value }),
      ...(client === undefined ? {} : { client: client.value }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(minVersion === undefined ? {} : { minVersion }),
    },
  };
}

async function readIdentity(world: World, reader: SecretReader, name: string): Promise<Resolved<Identity>> {
  const wanted = { name, keys: [files.cert, files.key] };
  const texts = await readSecretKeys(world, reader, wanted, { field: certField, as: 'identity' });
  if (!texts.ok) return texts;
  const [cert = '', key = ''] = texts.value;
  const wrong = pairProblem({ cert, key });
  if (wrong !== undefined) return invalid({ name, key: files[wrong.part] }, certField, wrong.problem);
  return { ok: true, value: { cert, key } };
}

function invalid(ref: { name: string; key: string }, field: string, problem: string): Resolved<never> {
  return {
    ok: false,
    problem: missing(
      'InvalidCertificate',
      `key "${ref.key}" of Secret "${ref.name}" of ${field} ${problem}: replace it`,
    ),
  };
}
