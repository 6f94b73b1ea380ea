/** What a process has to do about the gate, out of its environment. */
import { decodeGatePassage, type GatePassage } from '../../../contract/gate.ts';
import { type Enforcement, env } from '../../../contract/pod.ts';
import { type Address, addressOf, readAddress, readRedisAddress } from '../address.ts';

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
    order: { canary: readAddress(canary, env.networkCanary), redis: redisServer(readEnv), enforcement },
  };
}

function redisServer(readEnv: (name: string) => string | undefined): Address {
  const { hosts: [server] } = readRedisAddress(readEnv(env.redisUrl) ?? '', env.redisUrl);
  return addressOf(server);
}
