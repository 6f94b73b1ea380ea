/** What the command line and the program that runs one script for it say to each other. */
import type { RedisAddress } from './redis-address.ts';
import type { RedisTls } from './redis-tls.ts';

/** A script to run, and what it has. */
export interface RhaiRunOrder {
  readonly script: string;
  readonly prelude: string;
  readonly contextId: string;
  readonly callerId: string;
  readonly timeoutSeconds: number;
  /** Whether it may ask by HTTP; whom, the flags of the program say. */
  readonly http: boolean;
  /** The Redis it may use, and the patterns of the keys there. */
  readonly redis?: { readonly target: RhaiRunRedis; readonly keys: readonly string[] };
}

/** How to reach it, and who to be there. */
export interface RhaiRunRedis {
  readonly address: RedisAddress;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: RedisTls;
  readonly name: string;
}

/** What happens, in the order it does: the last tells what the script came to, or why it could not be run. */
export type RhaiRunEvent =
  | { readonly print: 'print' | 'debug'; readonly text: string }
  | { readonly progress: number }
  | { readonly value: string }
  | { readonly error: string }
  | { readonly failed: string };
