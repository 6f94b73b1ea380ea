/** Everything a valid worker should have, computed in full every time. */
import { type ConfigHashFields, encodeConfigHash, type EncryptedSecret } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { scriptRedisPort } from '../../../contract/pod.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { consumerIdOf, mayStillRun, templateOf } from '../model/children.ts';
import { canonicalJson, stamped } from './drift.ts';
import { digest } from '../model/names.ts';
import type { RedisAccess, RedisEndpoint, Source } from '../model/observed.ts';
import { denoDenyFlag, denoNetFlag } from '../network/allow-net/deno-flags.ts';
import type { Scope } from '../network/allow-net/entry.ts';
import { parseEntry } from '../network/allow-net/parse.ts';
import type { Topology } from '../network/allow-net/topology.ts';
import { ciliumPolicy } from './cilium-policy.ts';
import { ownAddresses } from './deno-command.ts';
import { deployment } from './deployment.ts';
import { ownerReference, parentLabels, resourceOfParent } from './metadata.ts';
import { clusterDns, type DesiredPolicy, netHash, networkPolicy, type PolicyInput } from './network-policy.ts';
import { runtimeSecret } from './runtime-secret.ts';
import { sourceConfigMap } from './source-config-map.ts';

/** The parts a policy follows from. */
export interface NetworkInput {
  readonly blueprint: Blueprint;
  readonly endpoint: RedisEndpoint;
  readonly topology: Topology;
  /** The addresses of names outside that `topology` and `endpoint` tell, as an annotation. */
  readonly resolved?: string | undefined;
  /** The members of the Redis that were discovered, as an annotation. */
  readonly members?: string | undefined;
}

/** The parts a desired state follows from. */
export interface DesiredInput extends NetworkInput {
  readonly consumerIds: readonly string[];
  /** Those of them whose Deployment asks for no pod. */
  readonly asleep?: ReadonlySet<string>;
  readonly source: Source;
  readonly secret: EncryptedSecret | undefined;
  readonly access: RedisAccess;
  readonly aesKey: string;
  /** Pods that may run: while one of them was made from another template, it may have the password before. */
  readonly pods: readonly KubeObject[];
}

/** The desired state, by consumer id where there is one of each. */
export interface Desired {
  readonly source: KubeObject;
  readonly runtimeSecret: KubeObject;
  readonly policy: DesiredPolicy;
  readonly netHash: string;
  /** Digest of what a rollout is about: code and settings, but no password and no member of a Redis. */
  readonly revision: string;
  readonly configHashes: ReadonlyMap<string, ConfigHashFields>;
  readonly deployments: ReadonlyMap<string, KubeObject>;
}

/** Computes the desired state. */
export function desiredState(input: DesiredInput): Desired {
  const { blueprint, consumerIds, access } = input;
  const { password, sentinel, tls } = access.login;
  const configHashes = new Map(consumerIds.map((id) => [id, configHash(input, id)] as const));
  const hash = netHash(policyInputOf(input));
  const revision = revisionOf(input);
  const secrets = {
    aesKey: input.aesKey,
    ...(password === undefined ? {} : { redisPassword: password }),
    ...(sentinel?.password === undefined ? {} : { redisSentinelPassword: sentinel.password }),
    ...(tls === undefined ? {} : { redisTls: tls }),
  };
  const deployments = new Map(consumerIds.map((id) =>
    [
      id,
      stamped(consumerDeployment(input, id, {
        revision,
        netHash: hash,
        read: { hash: configHashes.get(id) ?? {}, secrets },
      })),
    ] as const
  ));
  return {
    source: stamped(sourceConfigMap(blueprint.parent, input.source)),
    runtimeSecret: stamped(runtimeSecret(blueprint.parent, secrets, keptPasswords(input, deployments))),
    policy: desiredPolicy(input),
    netHash: hash,
    revision,
    configHashes,
    deployments,
  };
}

/** The password before is kept until every pod was made with the one there is now. */
function keptPasswords({ access: { login }, pods }: DesiredInput, deployments: Desired['deployments']) {
  if (login.kind !== 'own') return undefined;
  const { previous, ...kept } = login.kept;
  if (previous === undefined) return kept;
  const isCurrent = (pod: KubeObject) => {
    const deployment = deployments.get(consumerIdOf(pod) ?? '');
    return deployment !== undefined && templateOf(pod) === templateOf(deployment);
  };
  return pods.every((pod) => !mayStillRun(pod) || isCurrent(pod)) ? kept : { ...kept, previous };
}

/**
 * The policy alone, which needs neither source nor login.
 * @param forHash net hash of pods that were made for another scope and are to be held to this one
 */
export function desiredPolicy(input: NetworkInput, forHash?: string): DesiredPolicy {
  const policyInput = { ...policyInputOf(input), forHash };
  const desired = policyInput.flavor === 'Cilium' ? ciliumPolicy(policyInput) : networkPolicy(policyInput);
  return { ...desired, policy: stamped(desired.policy) };
}

function configHash({ blueprint, secret }: DesiredInput, consumerId: string): ConfigHashFields {
  const { parent, work } = blueprint;
  return encodeConfigHash({
    type: blueprint.type,
    consumerId,
    ...work.hash,
    denoOptions: blueprint.denoOptions,
    resource: resourceOfParent(parent),
    ...(secret === undefined ? {} : { secret }),
  });
}

function policyInputOf({ blueprint, endpoint, topology, resolved, members }: NetworkInput): PolicyInput {
  const { parent } = blueprint;
  return {
    name: parent.name,
    namespace: parent.namespace,
    owner: ownerReference(parent),
    labels: parentLabels(parent),
    dns: clusterDns,
    scope: blueprint.scope,
    deny: blueprint.deny,
    allowAll: blueprint.allowAllNet,
    outsideNames: blueprint.outsideNames,
    flavor: blueprint.flavor,
    alsoAsked: canaryOf(blueprint),
    searchDomains: blueprint.searchDomains,
    redis: endpoint.servers,
    topology,
    clusterBlocks: blueprint.clusterBlocks,
    resolved,
    members,
  };
}

function canaryOf({ gate }: Blueprint): Scope {
  const parsed = gate.kind === 'on' ? parseEntry(gate.canary) : undefined;
  return parsed?.ok ? [parsed.entry] : [];
}

/** What Deployments are made from beside the input. */
interface Made {
  readonly revision: string;
  readonly netHash: string;
  /** What the process reads at start. */
  readonly read: { readonly hash: ConfigHashFields; readonly secrets: object };
}

/** What rotates or moves by itself is left out: it is no new code. How a canary is judged is a part of what is tried. */
function revisionOf(input: DesiredInput): string {
  const still: DesiredInput = {
    ...input,
    secret: undefined,
    endpoint: { ...input.endpoint, url: '', servers: [] },
    access: { ...input.access, login: { kind: 'author' } },
  };
  const made = { revision: '', netHash: '', read: { hash: configHash(still, ''), secrets: {} } };
  const template = templateOf(consumerDeployment(still, '', made));
  return digest(canonicalJson([template, input.blueprint.rollout.canary]), 16);
}

function consumerDeployment(
  input: DesiredInput,
  consumerId: string,
  { revision, netHash: podNetHash, read }: Made,
): KubeObject {
  const { blueprint } = input;
  const { endpoint: { servers }, access: { login } } = input;
  return deployment({
    parent: blueprint.parent,
    consumerId,
    revision,
    replicas: blueprint.suspend || input.asleep?.has(consumerId) === true ? 0 : 1,
    image: blueprint.image,
    podUser: blueprint.podUser,
    command: {
      runtime: blueprint.runtime,
      configHashKey: configHashKey(blueprint.keyPrefix, consumerId),
      sourceFile: input.source.fileName,
      allowNet: allowNet(blueprint, servers),
      allowAllNet: blueprint.allowAllNet,
      gateNet: blueprint.gate.kind === 'on' ? denoNetFlag([], servers, [blueprint.gate.canary]) : [],
      denyNet: denoDenyFlag(blueprint.scope, blueprint.deny),
      allowEnv: blueprint.allowEnv,
      denoOptions: blueprint.denoOptions,
      requestLimit: blueprint.work.requestLimit,
      memoryMiB: blueprint.memoryMiB,
    },
    redisUrl: input.endpoint.url,
    redisUsername: login.username,
    hasRedisPassword: login.password !== undefined,
    redisSentinelUsername: login.sentinel?.username,
    hasRedisSentinelPassword: login.sentinel?.password !== undefined,
    redisTls: login.tls ?? {},
    settings: {
      ...blueprint.work.settings,
      memoryMiB: blueprint.memoryMiB,
      ...(blueprint.opens.keys.length + blueprint.opens.channels.length > 0 ? { opensRedis: true } : {}),
    },
    gate: blueprint.gate,
    sourceDigest: input.source.digest,
    // The AES key salts the digest: a short password cannot be found again from it.
    configDigest: digest(canonicalJson(read), 16),
    netHash: podNetHash,
    terminationGracePeriodSeconds: blueprint.terminationGracePeriodSeconds,
    pod: blueprint.pod,
  });
}

/** A script reaches its Redis through the runner, on loopback; the handler's runtime reaches it itself. */
function allowNet({ scope, runtime }: Blueprint, redis: RedisEndpoint['servers']): string[] {
  if (runtime === 'Handler') return denoNetFlag(scope, redis, ownAddresses.Handler);
  return denoNetFlag(scope, [{ host: '127.0.0.1', port: scriptRedisPort }], ownAddresses.Script);
}
