import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/cluster.ts';
import { runtimeSecret } from '../desired/runtime-secret.ts';
import type { ConsentLabel } from '../model/blueprint.ts';
import { refusedSecret, type SecretUse } from './secret-rules.ts';

const secret = (fields: Partial<KubeObject> = {}, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'team', ...metadata },
  ...fields,
});
const values: SecretUse = { field: 'spec.secretRef', as: 'values' };
const password: SecretUse = { field: 'spec.redis.passwordSecretRef', as: 'values', key: 'password' };
const ca: SecretUse = { field: 'spec.redis.tls.caSecretRef', as: 'certificate', key: 'ca.crt' };
const identity: SecretUse = { field: 'spec.redis.tls.certSecretRef', as: 'identity', key: 'tls.key' };
const told = (object: KubeObject, use: SecretUse, consent?: ConsentLabel) =>
  refusedSecret(object, use, consent)?.message;

describe('a Secret a spec refers to', () => {
  it('is taken when its type is a plain one', () => {
    for (const use of [values, password, ca, identity]) {
      for (const type of [undefined, 'Opaque', 'kubernetes.io/basic-auth']) {
        expect(refusedSecret(secret(type === undefined ? {} : { type }), use, undefined)).toBeUndefined();
      }
    }
  });

  it.each([
    'kubernetes.io/service-account-token',
    'kubernetes.io/dockercfg',
    'kubernetes.io/dockerconfigjson',
    'kubernetes.io/ssh-auth',
    'bootstrap.kubernetes.io/token',
    'helm.sh/release.v1',
    'example.com/anything',
  ])('is refused when its type is %s, wherever it is named', (type) => {
    for (const use of [values, password, ca, identity]) {
      expect(refusedSecret(secret({ type }), use, undefined)).toEqual({
        reason: 'SecretRefused',
        terminal: true,
        message: expect.stringMatching(
          new RegExp(`^Secret "s" of ${use.field} is of type "${type}", which is made for something else: [^;]*$`),
        ),
      });
    }
  });

  it('of type kubernetes.io/tls is taken where a certificate is meant, and its private key only where both are', () => {
    const tls = secret({ type: 'kubernetes.io/tls' });
    expect(refusedSecret(tls, ca, undefined)).toBeUndefined();
    expect(refusedSecret(tls, { ...ca, key: 'tls.crt' }, undefined)).toBeUndefined();
    expect(told(tls, { ...ca, key: 'tls.key' })).toBe(
      'Secret "s" of spec.redis.tls.caSecretRef holds a private key under "tls.key", and a certificate is meant: name the key "ca.crt" or "tls.crt"',
    );
    expect(refusedSecret(tls, identity, undefined)).toBeUndefined();
    expect(told(tls, values)).toContain('is of type "kubernetes.io/tls"');
    expect(told(tls, password)).toContain('is of type "kubernetes.io/tls"');
  });

  it('is refused when it is the runtime Secret of a worker, whichever worker asks', () => {
    const parent = {
      apiVersion: 'redisworker.dev/v1alpha1',
      kind: 'RedisWorker',
      namespace: 'team',
      name: 'v',
      uid: 'u',
    };
    const made = runtimeSecret(parent, { aesKey: '0'.repeat(32), redisPassword: 'canary' }) as unknown as KubeObject;
    for (const one of [made, { ...made, metadata: { ...made.metadata, labels: {} } }]) {
      expect(told(one, values)).toBe(
        'Secret "v-worker" of spec.secretRef is one that this operator keeps for a worker: name a Secret of your own',
      );
      expect(told(one, { ...password, key: 'redis-password' })).toContain('this operator keeps for a worker');
    }
  });

  it('is taken although its name ends like that of a runtime Secret, or a worker owns it', () => {
    const ownerReferences = [{ apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', name: 'v', uid: 'u' }];
    expect(refusedSecret(secret({}, { name: 'v-worker' }), values, undefined)).toBeUndefined();
    expect(refusedSecret(secret({}, { ownerReferences }), values, undefined)).toBeUndefined();
  });
});

describe('where the admin demands consent', () => {
  const any: ConsentLabel = { key: 'example.com/workers' };
  const exact: ConsentLabel = { key: 'example.com/workers', value: 'yes' };
  const labelled = (value: string) => secret({}, { labels: { 'example.com/workers': value } });

  it('a Secret with the label is taken', () => {
    expect(refusedSecret(labelled('whatever'), values, any)).toBeUndefined();
    expect(refusedSecret(labelled('yes'), values, exact)).toBeUndefined();
  });

  it('a Secret without it waits for the command that gives it', () => {
    expect(refusedSecret(secret(), password, exact)).toEqual({
      reason: 'SecretRefused',
      terminal: false,
      message:
        'Secret "s" of spec.redis.passwordSecretRef does not carry the label by which its owner lets workers read it: kubectl label secret s --namespace team example.com/workers=yes',
    });
    expect(told(secret(), values, any)).toMatch(
      /: kubectl label secret s --namespace team example\.com\/workers=true$/,
    );
    expect(told(labelled('no'), values, exact)).toMatch(/ --overwrite example\.com\/workers=yes$/);
  });

  it('the label opens no Secret that is refused without it', () => {
    const token = { ...labelled('yes'), type: 'kubernetes.io/service-account-token' };
    expect(told(token, values, exact)).toContain('is of type');
  });
});
