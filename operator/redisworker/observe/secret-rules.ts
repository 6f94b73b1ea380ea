/** Which Secrets a spec may refer to: plain ones that nobody keeps for a purpose of his own. Pure. */
import type { KubeObject } from '../../cluster/cluster.ts';
import { isRuntimeSecret } from '../desired/runtime-secret.ts';
import type { ConsentLabel } from '../model/blueprint.ts';
import { missing, type Problem, terminal } from '../model/problem.ts';

/** What a spec wants of a Secret. */
export interface SecretUse {
  /** The field that names it. */
  readonly field: string;
  /** A certificate to trust, or one with its private key to show. */
  readonly as: 'values' | 'certificate' | 'identity';
  /** The one key that is read; all of them when absent. */
  readonly key?: string;
}

const plainTypes = ['Opaque', 'kubernetes.io/basic-auth'];
const certificateType = 'kubernetes.io/tls';

/**
 * Why a Secret is not read for a worker: whoever may write a RedisWorker need not be allowed to read Secrets, and a
 * worker hands out what it is given.
 * @param consent the label the admin demands, if any
 */
export function refusedSecret(
  secret: KubeObject,
  use: SecretUse,
  consent: ConsentLabel | undefined,
): Problem | undefined {
  const name = `Secret "${secret.metadata.name}" of ${use.field}`;
  const rule = brokenRule(secret, use);
  if (rule !== undefined) return terminal('SecretRefused', `${name} ${rule}`);
  if (consent === undefined || consents(secret, consent)) return undefined;
  return missing(
    'SecretRefused',
    `${name} does not carry the label by which its owner lets workers read it: ${labelCommand(secret, consent)}`,
  );
}

function brokenRule(secret: KubeObject, { as, key }: SecretUse): string | undefined {
  if (isRuntimeSecret(secret)) return 'is one that this operator keeps for a worker: name a Secret of your own';
  const type = typeOf(secret);
  const isCertificate = type === certificateType && as !== 'values';
  if (isCertificate && as === 'certificate' && key === 'tls.key') {
    return `holds a private key under "${key}", and a certificate is meant: name the key "ca.crt" or "tls.crt"`;
  }
  if (isCertificate || plainTypes.includes(type)) return undefined;
  const taken = as === 'values' ? plainTypes : [...plainTypes, certificateType];
  return `is of type "${type}", which is made for something else: name one of type ${taken.join(' or ')}`;
}

/** A file may leave the type out, as a manifest may. */
function typeOf({ type }: KubeObject): string {
  return typeof type === 'string' && type !== '' ? type : 'Opaque';
}

function consents({ metadata }: KubeObject, { key, value }: ConsentLabel): boolean {
  const found = metadata.labels?.[key];
  return value === undefined ? found !== undefined : found === value;
}

function labelCommand({ metadata }: KubeObject, { key, value = 'true' }: ConsentLabel): string {
  const overwrite = metadata.labels?.[key] === undefined ? '' : ' --overwrite';
  return `kubectl label secret ${metadata.name} --namespace ${
    metadata.namespace ?? 'default'
  }${overwrite} ${key}=${value}`;
}
