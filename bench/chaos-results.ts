/** Content of bench/results/chaos.json. */
export interface ChaosResults {
  readonly measured: string;
  /** Requests in each run. */
  readonly requests: number;
  readonly kills: number;
  readonly cuts: number;
  /** Times Redis had no memory left. */
  readonly fills: number;
  /** References without an answer, over the runs on one server. */
  readonly lost: number;
  readonly answeredTwice: number;
  /** The same runs lean: requests that are on record less often than once, and more often. */
  readonly lean?: LeanChaos;
  readonly sentinel?: SentinelChaos;
  readonly cluster?: ClusterChaos;
  readonly rotation?: RotationChaos;
}

/** What became of requests that leave no reply: one server, and sets of servers. */
export interface LeanChaos {
  readonly lost: number;
  readonly answeredTwice: number;
  readonly sentinel?: SentinelChaos;
  readonly cluster?: ClusterChaos;
}

/** What became of requests over a set of servers. */
export interface TopologyCount {
  readonly requests: number;
  /** References without a reply, or without a response. */
  readonly lost: number;
  /** References with more than one response. */
  readonly answeredTwice: number;
  /** References with more than one reply. */
  readonly repliedTwice: number;
}

/** A run behind Sentinels. */
export interface SentinelChaos extends TopologyCount {
  /** Masters that were told to hand over. */
  readonly failovers: number;
  readonly kills: number;
}

/** A run on a Cluster. */
export interface ClusterChaos extends TopologyCount {
  /** Slots that moved to another node, the worker's own among them. */
  readonly moves: number;
  /** Masters that were killed. */
  readonly kills: number;
}

/** A run while the password of the worker is replaced. */
export interface RotationChaos extends TopologyCount {
  /** Times another password was asked for, each seen to the end. */
  readonly rotations: number;
}
