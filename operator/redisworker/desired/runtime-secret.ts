/** The per-worker Secret: the AES key of the config hashes, and what the pods need to reach Redis. */
import type { Secret } from 'kubernetes-types/core/v1.d.ts';
import {
  keyFileName,
  redisCaFileName,
  redisCertFileName,
  redisKeyFileName,
  redisPasswordFileName,
  redisSentinelPasswordFileName,
} from '../../../contract/pod.ts';
import type { RedisTls } from '../../../contract/redis-tls.ts';
import { decodeKeyLine, encodeKeyLine } from '../../../contract/secrets.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { annotations, labels, managedBy, runtimeSecretName } from '../model/names.ts';
import type { Parent } from '../model/blueprint.ts';
import { type Built, childMetadata } from './metadata.ts';
import { previousPasswordKey, type RedisPasswords } from './redis-password.ts';

/** What goes into the Secret, in clear. */
export interface RuntimeSecrets {
  /** AES-128 key, 32 hex digits. */
  readonly aesKey: string;
  readonly redisPassword?: string;
  readonly redisSentinelPassword?: string;
  readonly redisTls?: RedisTls;
}

/**
 * Builds the Secret; pods mount it as files and read it once at start.
 * @param kept what it remembers of the passwords of the worker's own user, when it has one
 */
export function runtimeSecret(
  parent: Parent,
  secrets: RuntimeSecrets,
  kept?: Omit<RedisPasswords, 'current'>,
): Built<Secret> {
  const { aesKey, redisPassword, redisSentinelPassword, redisTls: { ca, client } = {} } = secrets;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: childMetadata(parent, runtimeSecretName(parent.name), {
      annotations: kept === undefined ? {} : {
        [annotations.redisPasswordMade]: kept.made,
        [annotations.redisPasswordAsked]: kept.asked,
      },
    }),
    type: 'Opaque',
    data: {
      [keyFileName]: base64(encodeKeyLine(aesKey)),
      ...(redisPassword === undefined ? {} : { [redisPasswordFileName]: base64(redisPassword) }),
      ...(redisSentinelPassword === undefined
        ? {}
        : { [redisSentinelPasswordFileName]: base64(redisSentinelPassword) }),
      ...(kept?.previous === undefined ? {} : { [previousPasswordKey]: base64(kept.previous) }),
      ...(ca === undefined ? {} : { [redisCaFileName]: base64(ca) }),
      ...(client === undefined
        ? {}
        : { [redisCertFileName]: base64(client.cert), [redisKeyFileName]: base64(client.key) }),
    },
  };
}

/**
 * True for a Secret made by {@link runtimeSecret}, of any worker. A label can be taken away by whoever may write the Secret, so
 * its owner counts as well.
 */
export function isRuntimeSecret({ metadata: { name, labels: found, ownerReferences = [] } }: KubeObject): boolean {
  return found?.[labels.managedBy] === managedBy ||
    ownerReferences.some((owner) => owner.kind === 'RedisWorker' && name === runtimeSecretName(owner.name));
}

/** The AES key inside a Secret made by {@link runtimeSecret}; undefined when it holds none that can be read. */
export function aesKeyOf(secret: KubeObject): string | undefined {
  const line = (secret.data as Record<string, string> | undefined)?.[keyFileName];
  if (line === undefined) return undefined;
  try {
    return decodeKeyLine(Buffer.from(line, 'base64').toString('utf8'));
  } catch {
    return undefined; // damaged by hand: a fresh key replaces it, and the pods roll
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
