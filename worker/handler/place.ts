/** Where one process works: its config hash, decoded, beside what the pod says. */
import type { WorkerConfig } from '../../contract/config-hash.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import type { Proof } from './proof.ts';

/** Everything about the worker and this consumer that does not change while the process lives. */
export interface Place extends WorkerConfig {
  readonly hashKey: string;
  /** What the keys of this worker begin with. */
  readonly keyPrefix: string;
  readonly settings: HandlerSettings;
  readonly sourceDigest?: string;
  /** Vouches for the runtime's own fields of requests that go round again. */
  readonly proof: Proof;
}
