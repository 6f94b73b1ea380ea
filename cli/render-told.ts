/** What is told of a worker beside its objects: what keeps it from having any, and what is not known of it. Pure. */
import { keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import type { ObservedSpec } from '../operator/redisworker/model/observed.ts';
import type { Problem } from '../operator/redisworker/model/problem.ts';
import { redisEntry } from '../operator/redisworker/network/allow-net/deno-flags.ts';
import type { NetEntry } from '../operator/redisworker/network/allow-net/entry.ts';
import { meaningsOf } from '../operator/redisworker/network/allow-net/meaning.ts';
import type { Seen } from './render-look.ts';

/** Why nothing is rendered of a worker, one sentence each; none when there is something. */
export function refusals({ worker, plan: { problems, desired } }: Seen): string[] {
  const refused = desired ? problems.filter(({ terminal }) => terminal) : problems;
  return refused.map((problem) => `${worker}: ${hereToo(problem)}`);
}

/** A sentence for somebody who runs an operator, with what to do here beside it. */
function hereToo({ reason, message }: Problem): string {
  return `${message}${fixes[reason] ?? ''}`;
}

const fixes: Readonly<Record<string, string>> = {
  NoRedis: '; here too --redis gives it',
  ConfigMapNotFound: ', or give it here among the files',
  SecretNotFound: ', or give it here among the files',
  RedisUnreachable: '; give its servers by --redis-member',
};

/** What is not known of a worker that is rendered, in one sentence; undefined when all is. */
export function unknowns(
  { worker, observed, jobs }: Seen,
  { isIdentified, guessedSecrets }: { readonly isIdentified: boolean; readonly guessedSecrets: readonly KubeObject[] },
): string | undefined {
  const { spec, children } = observed;
  const all = [
    ...(isIdentified ? [] : ['its UID']),
    ...(children.runtimeSecret ? [] : ['its keys and passwords']),
    ...jobs.filter(({ kind }) => kind === resources.jobs.kind).map(({ metadata }) =>
      `its code, which the Job ${metadata.name} resolves`
    ),
    ...(spec ? secretsOf(spec, guessedSecrets) : []),
    ...(spec ? hostsOf(spec) : []),
    ...(spec ? servicesOf(spec) : []),
  ];
  if (all.length === 0) return undefined;
  return `${worker}: not known here: ${all.join('; ')}; what follows from that is shown as <…> or left out`;
}

function secretsOf({ blueprint }: ObservedSpec, guessed: readonly KubeObject[]): string[] {
  const { parent, secretName, redis, source } = blueprint;
  const names = [
    secretName,
    source.credentialsSecretRef?.name,
    redis?.passwordSecretRef?.name,
    redis?.sentinel?.passwordSecretRef?.name,
  ];
  return guessed
    .filter(({ metadata }) => metadata.namespace === parent.namespace && names.includes(metadata.name))
    .map(({ metadata }) => `the Secret ${keyOf(metadata)}`);
}

/** Names outside the cluster without an address. */
function hostsOf({ outsideHosts, topology }: ObservedSpec): string[] {
  return outsideHosts.filter((host) => (topology.outsideAddresses?.(host) ?? []).length === 0).map((host) =>
    `the addresses of ${host} (--resolve ${host}=ADDRESS)`
  );
}

/** Services that are named and not among the documents. */
function servicesOf({ blueprint, endpoint, topology }: ObservedSpec): string[] {
  const redis = endpoint.ok ? endpoint.value.servers.map(redisEntry).flatMap((one) => (one.ok ? [one.entry] : [])) : [];
  const refs = [...blueprint.policyScope, ...redis].filter((entry): entry is Extract<NetEntry, { kind: 'name' }> =>
    entry.kind === 'name'
  ).flatMap(({ host }) => meaningsOf(host, topology)).flatMap((meaning) =>
    meaning.kind === 'missing' && meaning.ref ? [keyOf(meaning.ref)] : []
  );
  return [...new Set(refs)].map((ref) => `the Service ${ref}`);
}
