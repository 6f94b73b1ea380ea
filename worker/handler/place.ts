/** Where one process works: its config hash, decoded, beside what the pod says. */
import type { WorkerConfig } from '../../contract/config-hash.ts';
import type { HandlerSettings } from '../../contract/pod.ts';

/** Everything about the worker and this consumer that does not change while the process lives. */
export interface Place extends WorkerConfig {
  readonly hashKey: string;
  readonly settings: HandlerSettings;
  readonly sourceDigest?: string;
}
