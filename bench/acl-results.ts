/** Content of bench/results/acl.json. */

/** Processor time of redis-server per request, in microseconds. */
export interface AclRound {
  readonly asDefault: number;
  readonly asItself: number;
}

/** What a user of its own costs. */
export interface AclCost {
  readonly measured: string;
  /** Name and version. */
  readonly server: string;
  readonly requests: number;
  readonly rounds: readonly AclRound[];
  /** Median over the rounds of one divided by the other. */
  readonly ratio: number;
}
