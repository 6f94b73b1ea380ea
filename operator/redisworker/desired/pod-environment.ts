/** The environment of a worker pod: what its process is told before it reads anything. Pure. */
import type { EnvVar } from 'kubernetes-types/core/v1.d.ts';
import {
  env,
  healthPort,
  keyFileName,
  modulesMount,
  proxyVariables,
  redisCaFileName,
  redisCertFileName,
  redisKeyFileName,
  redisPasswordFileName,
  redisSentinelPasswordFileName,
  scratchMount,
  secretMount,
  sourceMount,
} from '../../../contract/pod.ts';
import type { RedisTls } from '../../../contract/redis-tls.ts';
import type { GatePlan } from '../network/gate.ts';
import { type CommandInput, httpAddress, sourceFolder } from './deno-command.ts';

/** What it follows from. */
export interface EnvironmentInput {
  readonly command: Omit<CommandInput, 'configHashKey'>;
  readonly redisUrl: string;
  readonly redisUsername?: string | undefined;
  readonly hasRedisPassword: boolean;
  readonly redisSentinelUsername?: string | undefined;
  readonly hasRedisSentinelPassword?: boolean;
  readonly redisTls: RedisTls;
  /** What the runtime is told in WORKER_SETTINGS. */
  readonly settings: object;
  readonly gate: GatePlan;
  /** Whether the process answers over HTTP. */
  readonly servesHttp: boolean;
  readonly sourceDigest: string;
}

/** What all consumers of a worker are told alike. */
export function podEnvironment(input: EnvironmentInput): EnvVar[] {
  const values: Record<string, string> = {
    // Empty, so that neither an image nor an injected default names a proxy.
    ...Object.fromEntries(proxyVariables.map((name) => [name, ''])),
    // Where Deno keeps its cache is the image's to say: ours brings one that is warm. Without DENO_DIR it is below HOME.
    HOME: scratchMount,
    DENO_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
    [env.redisUrl]: input.redisUrl,
    ...(input.redisUsername ? { [env.redisUsername]: input.redisUsername } : {}),
    ...(input.hasRedisPassword ? { [env.redisPasswordFile]: `${secretMount}/${redisPasswordFileName}` } : {}),
    ...(input.redisSentinelUsername ? { [env.redisSentinelUsername]: input.redisSentinelUsername } : {}),
    ...(input.hasRedisSentinelPassword
      ? { [env.redisSentinelPasswordFile]: `${secretMount}/${redisSentinelPasswordFileName}` }
      : {}),
    ...tlsEnvironment(input.redisTls),
    [env.keyFile]: `${secretMount}/${keyFileName}`,
    [env.source]: input.command.runtime === 'Modules'
      ? modulesMount
      : `${sourceFolder(input.command)}/${input.command.sourceFile}`,
    ...(input.command.isPacked === true ? { [env.sourcePieces]: sourceMount } : {}),
    [env.sourceDigest]: input.sourceDigest,
    [env.settings]: JSON.stringify(input.settings),
    [env.healthAddress]: `0.0.0.0:${healthPort}`,
    ...(input.servesHttp ? { [env.httpAddress]: httpAddress } : {}),
    ...(input.gate.kind === 'on'
      ? { [env.networkCanary]: input.gate.canary, [env.networkEnforcement]: input.gate.enforcement }
      : {}),
  };
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    { name: env.podUid, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.uid' } } },
    { name: env.podName, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
  ];
}

function tlsEnvironment({ ca, client, serverName, minVersion }: RedisTls): Record<string, string> {
  return {
    ...(ca === undefined ? {} : { [env.redisCaFile]: `${secretMount}/${redisCaFileName}` }),
    ...(client === undefined ? {} : {
      [env.redisCertFile]: `${secretMount}/${redisCertFileName}`,
      [env.redisKeyFile]: `${secretMount}/${redisKeyFileName}`,
    }),
    ...(serverName === undefined ? {} : { [env.redisServerName]: serverName }),
    ...(minVersion === undefined ? {} : { [env.redisMinTlsVersion]: minVersion }),
  };
}
