/** What a process has to do about the gate, out of its environment. */
import { decodeGatePassage, type GatePassage } from '../../../contract/gate.ts';
import { type Enforcement, env } from '../../../contract/pod.ts';
import { FatalError, messageOf } from '../fatal.ts';
import { parseRedisUrl } from '../../redis/redis-url.ts';
import type { Address } from './dial.ts';

/** Nothing, the gate itself, or to tell what the runner found there. */
export type GateDuty =
  | { readonly kind: 'none' }
  | { readonly kind: 'pass'; readonly order: GateOrder }
  | { readonly kind: 'passed'; readonly passage: GatePassage };

/** What the gate needs to know. */
export interface GateOrder {
  readonly canary: Address;
  /** The allowed target: the worker's Redis. */
  readonly redis: Address;
  readonly enforcement: Enforcement;
}

/**
 * Reads the duty.
 * @throws FatalError naming the variable that is wrong
 */
export function readGateDuty(readEnv: (name: string) => string | undefined): GateDuty {
  const passage = decodeGatePassage(readEnv(env.networkGate));
  if (passage) return { kind: 'passed', passage };
  const canary = readEnv(env.networkCanary);
  if (!canary) return { kind: 'none' };
  const enforcement = readEnv(env.networkEnforcement) === 'Required' ? 'Required' : 'BestEffort';
  return {
    kind: 'pass',
    order: { canary: parseCanary(canary), redis: parseRedis(readEnv(env.redisUrl) ?? ''), enforcement },
  };
}

function parseCanary(text: string): Address {
  const [, inner, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text) ?? [];
  const hostname = inner ?? plain;
  if (hostname === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new FatalError('badConfig', `the environment variable ${env.networkCanary} must read host:port`);
  }
  return { hostname, port: Number(port) };
}

function parseRedis(url: string): Address {
  try {
    const { hostname, port } = parseRedisUrl(url);
    return { hostname, port };
  } catch (error) {
    throw new FatalError('badConfig', `${env.redisUrl} is wrong: ${messageOf(error)}`);
  }
}
