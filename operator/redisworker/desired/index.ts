/** Everything a valid worker should have, computed in full every time. */
import { type ConfigHashFields, encodeConfigHash, type EncryptedSecret } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { scriptRedisPort } from '../../../contract/pod.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Part } from '../../code/pack.ts';
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
import { httpAddress, ownAddresses } from './deno-command.ts';
import { type CommonInput, deploymentsOf, type PodFrame, podFrame } from './deployment.ts';
import { httpService } from './http-service.ts';
import { ownerReference, parentLabels, resourceOfParent } from './metadata.ts';
import { clusterDns, type DesiredPolicy, netHash, networkPolicy, type PolicyInput } from './network-policy.ts';
import { runtimeSecret, type RuntimeSecrets } from './runtime-secret.ts';
import { maxConfigMapBytes } from '../../../contract/limits.ts';
import { isInPieces, sourceConfigMapNames, sourceConfigMaps } from './source-config-map.ts';
import { telemetryEnvironment } from './telemetry.ts';

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
  readonly sources: readonly KubeObject[];
  readonly runtimeSecret: KubeObject;
  readonly policy: DesiredPolicy;
  /** In front of the pods, where they answer over HTTP. */
  readonly service?: KubeObject | undefined;
  readonly netHash: string;
  /** Digest of what a rollout is about: code and settings, but no password and no member of a Redis. */
  readonly revision: string;
  readonly configHashes: ReadonlyMap<string, ConfigHashFields>;
  readonly deployments: ReadonlyMap<string, KubeObject>;
}

/** Computes the desired state; what follows from the same blueprint and the same login is not computed again. */
export function desiredState(input: DesiredInput): Desired {
  const made = madeOf(input);
  return {
    ...made,
    runtimeSecret: stamped(runtimeSecret(input.blueprint.parent, made.secrets, keptPasswords(input, made.deployments))),
    policy: desiredPolicy(input, made.netHash),
  };
}

/** What follows from neither the network around a worker nor its pods. */
type Made = Omit<Desired, 'runtimeSecret' | 'policy'> & { readonly secrets: RuntimeSecrets };

/** What was made last, as long as anybody has the blueprint. */
const lastMade = new WeakMap<Blueprint, { readonly from: string; readonly made: Made }>();

function madeOf(input: DesiredInput): Made {
  const from = whatItFollowsFrom(input);
  const last = lastMade.get(input.blueprint);
  if (last?.from === from) return last.made;
  const made = make(input);
  lastMade.set(input.blueprint, { from, made });
  return made;
}

/** Beside the blueprint; as a digest, since there are secrets in it. */
function whatItFollowsFrom(
  { blueprint, consumerIds, asleep, source, secret, endpoint, access, aesKey }: DesiredInput,
): string {
  const { kind, username, password, sentinel, tls } = access.login;
  return digest(JSON.stringify([
    consumerIds,
    [...asleep ?? []],
    [source.digest, source.fileName, sourceConfigMapNames(blueprint.parent, source), source.parts.map(keysOf)],
    source.origins ?? null,
    source.stored?.map(({ metadata }) => metadata) ?? null,
    secret ?? null,
    [endpoint.url, endpoint.servers],
    [kind, username ?? null, password ?? null, sentinel ?? null, tls ?? null],
    aesKey,
  ]));
}

function keysOf({ data = {} }: Part): readonly string[] {
  return Object.keys(data);
}

function make(input: DesiredInput): Made {
  const { blueprint, consumerIds, asleep, source } = input;
  const secrets = secretsOf(input);
  const frame = podFrame(frameInput(input));
  const made = { revision: revisionOf(input, frame), netHash: netHash(policyInputOf(input)) };
  const configHashes = new Map(consumerIds.map((id) => [id, configHash(input, id)] as const));
  const deploymentOf = deploymentsOf(commonInput(input, made), frame);
  return {
    ...made,
    secrets,
    service: blueprint.http && stamped(httpService(blueprint.parent, blueprint.http)),
    sources: source.stored ?? sourceConfigMaps(blueprint.parent, source).map(stamped),
    configHashes,
    deployments: new Map(consumerIds.map((id) => {
      const read = { hash: configHashes.get(id), secrets };
      return [
        id,
        stamped(deploymentOf({
          consumerId: id,
          configHashKey: configHashKey(blueprint.keyPrefix, id),
          replicas: blueprint.suspend || asleep?.has(id) === true ? 0 : 1,
          telemetry: telemetryEnvironment(blueprint, id),
          // The AES key salts the digest: a short password cannot be found again from it.
          configDigest: digest(canonicalJson(read), 16),
        })),
      ] as const;
    })),
  };
}

/** What the pods read beside their hash. */
function secretsOf({ access: { login: { password, sentinel, tls } }, aesKey }: DesiredInput): RuntimeSecrets {
  return {
    aesKey,
    ...(password === undefined ? {} : { redisPassword: password }),
    ...(sentinel?.password === undefined ? {} : { redisSentinelPassword: sentinel.password }),
    ...(tls === undefined ? {} : { redisTls: tls }),
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

function configHash({ blueprint, secret, source }: DesiredInput, consumerId: string): ConfigHashFields {
  const { parent, work, cameFrom } = blueprint;
  return encodeConfigHash({
    type: blueprint.type,
    consumerId,
    ...work.hash,
    denoOptions: blueprint.denoOptions,
    resource: resourceOfParent(parent),
    ...(cameFrom === undefined ? {} : { ...cameFrom, sourceDigest: source.digest }),
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
    scope: blueprint.policyScope,
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
    callers: blueprint.http?.callers ?? [],
  };
}

function canaryOf({ gate }: Blueprint): Scope {
  const parsed = gate.kind === 'on' ? parseEntry(gate.canary) : undefined;
  return parsed?.ok ? [parsed.entry] : [];
}

/** What rotates or moves by itself is left out: it is no new code. How a canary is judged is a part of what is tried. */
function revisionOf(input: DesiredInput, frame: PodFrame): string {
  const { blueprint } = input;
  const still: DesiredInput = {
    ...input,
    secret: undefined,
    endpoint: { ...input.endpoint, url: '', servers: [] },
    access: { ...input.access, login: { kind: 'author' } },
  };
  const template = templateOf(
    deploymentsOf(commonInput(still, { revision: '', netHash: '' }), frame)({
      consumerId: '',
      configHashKey: configHashKey(blueprint.keyPrefix, ''),
      replicas: 1,
      telemetry: telemetryEnvironment(blueprint, ''),
      configDigest: digest(canonicalJson({ hash: configHash(still, ''), secrets: {} }), 16),
    }),
  );
  return digest(canonicalJson([template, blueprint.rollout.canary]), 16);
}

function commonInput(
  { blueprint, endpoint: { url, servers }, access: { login }, source }: DesiredInput,
  { revision, netHash: podNetHash }: Pick<Desired, 'revision' | 'netHash'>,
): CommonInput {
  return {
    ...frameInput({ blueprint, source }),
    revision,
    image: blueprint.image,
    command: {
      runtime: blueprint.runtime,
      sourceFile: source.fileName,
      ...(isInPieces(source) ? { isPacked: true } : {}),
      isLarge: source.bytes > maxConfigMapBytes,
      allowNet: allowNet(blueprint, servers),
      allowAllNet: blueprint.allowAllNet,
      gateNet: blueprint.gate.kind === 'on' ? denoNetFlag([], servers, [blueprint.gate.canary]) : [],
      denyNet: denoDenyFlag(blueprint.scope, blueprint.deny),
      allowEnv: blueprint.allowEnv,
      denoOptions: blueprint.denoOptions,
      requestLimit: blueprint.work.requestLimit,
      memoryMiB: blueprint.memoryMiB,
    },
    redisUrl: url,
    redisUsername: login.username,
    hasRedisPassword: login.password !== undefined,
    redisSentinelUsername: login.sentinel?.username,
    hasRedisSentinelPassword: login.sentinel?.password !== undefined,
    redisTls: login.tls ?? {},
    settings: {
      ...blueprint.work.settings,
      memoryMiB: blueprint.memoryMiB,
      ...(blueprint.opens.keys.length + blueprint.opens.channels.length > 0 ? { opensRedis: true } : {}),
      ...(blueprint.telemetry === undefined ? {} : { telemetry: true }),
    },
    gate: blueprint.gate,
    servesHttp: blueprint.http !== undefined,
    sourceDigest: source.digest,
    netHash: podNetHash,
  };
}

function frameInput({ blueprint, source }: Pick<DesiredInput, 'blueprint' | 'source'>) {
  return {
    parent: blueprint.parent,
    podUser: blueprint.podUser,
    sourceConfigMaps: sourceConfigMapNames(blueprint.parent, source),
    sourceImage: source.origin?.image,
    terminationGracePeriodSeconds: blueprint.terminationGracePeriodSeconds,
    pod: blueprint.pod,
  };
}

/**
 * A Script reaches its Redis through the runner, on loopback; the other runtimes reach it themselves. What scripts of Hats
 * send goes through another process, which has their scope; and modules with a process of their own have their part there.
 */
function allowNet({ scope, runtime, http, work }: Blueprint, redis: RedisEndpoint['servers']): string[] {
  const own = http === undefined ? [] : [httpAddress];
  if (runtime === 'Modules') return denoNetFlag(work.net?.ofRuntime ?? [], redis, [...ownAddresses.Handler, ...own]);
  if (runtime === 'Handler' || runtime === 'Rhai') return denoNetFlag(scope, redis, ownAddresses.Handler);
  if (runtime === 'Hats') return denoNetFlag([], redis, [...ownAddresses.Hats, ...own]);
  return denoNetFlag(scope, [{ host: '127.0.0.1', port: scriptRedisPort }], ownAddresses.Script);
}
