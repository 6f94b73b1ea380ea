/** Tells what is known from what is guessed: two looks with different guesses agree on what is known. Pure. */
import { type ConfigHashFields } from '../contract/config-hash.ts';
import {
  keyFileName,
  redisCaFileName,
  redisCertFileName,
  redisKeyFileName,
  redisPasswordFileName,
  redisSentinelPasswordFileName,
} from '../contract/pod.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { previousPasswordKey } from '../operator/redisworker/desired/redis-password.ts';
import { annotations } from '../operator/redisworker/model/names.ts';

/** A guess of each look, and what stands in its place. */
export interface Guessed {
  readonly guesses: readonly [string, string];
  readonly says: string;
}

/** What stands for a text that differs between the looks, by the field it is in. */
const unknown: Readonly<Record<string, string>> = {
  [annotations.applied]: '<digest of this object>',
  [annotations.template]: '<digest of this template>',
  [annotations.config]: '<digest of the config hash, the keys and the passwords>',
  [annotations.redisPasswordMade]: '<time the password was made>',
  [annotations.origins]: '<what the code was resolved for, and when>',
  encryptedIv: '<of the values below>',
  encryptedJson: '<the values of spec.secretRef, encrypted>',
};

/** What stands for the values of a runtime Secret. */
const secrets: Readonly<Record<string, string>> = {
  [keyFileName]: '<AES key of the config hashes>',
  [redisPasswordFileName]: '<password of the Redis>',
  [previousPasswordKey]: '<password before this one>',
  [redisSentinelPasswordFileName]: '<password of the Sentinels>',
  [redisCaFileName]: '<certificates the Redis is checked by>',
  [redisCertFileName]: '<certificate the Redis is shown>',
  [redisKeyFileName]: '<key of that certificate>',
};

/** The value both looks agree on, with words for the texts they do not. */
export function agreed<T>(one: T, other: T, guessed: readonly Guessed[], field?: string): T;
export function agreed(one: unknown, other: unknown, guessed: readonly Guessed[], field = ''): unknown {
  if (typeof one === 'string' && typeof other === 'string') return agreedText([one, other], guessed, field);
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.map((item: unknown, at) => agreed(item, other[at] as unknown, guessed, field));
  }
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return one;
  return Object.fromEntries(
    Object.entries(one).map(([key, value]) => [key, agreed(value, other[key as never], guessed, key)]),
  );
}

function agreedText([one, other]: readonly [string, string], guessed: readonly Guessed[], field: string): string {
  if (one === other) return one;
  const words = unknown[field];
  if (words !== undefined) return words;
  const [known, same] = [0, 1].map((look) =>
    guessed.reduce(
      (text, { guesses, says }) => text.replaceAll(guesses[look as 0 | 1], says),
      look === 0 ? one : other,
    )
  );
  return known !== undefined && known === same ? known : '<unknown here>';
}

/** A Secret with words for its values, as `stringData`, which takes any text. */
export function withoutValues({ data, ...secret }: KubeObject): KubeObject {
  const words = Object.keys(data ?? {}).map((key) => [key, secrets[key] ?? '<a secret>']);
  return { ...secret, stringData: Object.fromEntries(words) };
}

/** A config hash with words for what is encrypted in it. */
export function withoutSecrets(fields: ConfigHashFields): ConfigHashFields {
  return {
    ...fields,
    ...(fields.encryptedIv === undefined ? {} : { encryptedIv: unknown['encryptedIv'] }),
    ...(fields.encryptedJson === undefined ? {} : { encryptedJson: unknown['encryptedJson'] }),
  };
}
