/** Content of bench/results/chaos.json. */
export interface ChaosResults {
  readonly measured: string;
  /** Requests in each run. */
  readonly requests: number;
  readonly kills: number;
  readonly cuts: number;
  /** Times Redis had no memory left. */
  readonly fills: number;
  /** References without an answer, over all runs. */
  readonly lost: number;
  readonly answeredTwice: number;
}
