/** The resolver of code in a cluster, made of what an operator is started with. */
import type { Clock } from '../clock.ts';
import { dialledHostsOf } from '../code/request.ts';
import type { LookUp } from '../dns/lookup.ts';
import type { Block } from '../redisworker/network/allow-net/address.ts';
import { CodeJobs, type JobCluster } from './code-jobs.ts';
import { egressOf } from './egress.ts';
import type { JobSettings } from './objects.ts';
import { bundleStore, type RegistrySettings } from './registry.ts';

/** What Jobs are made with. */
export interface CodeJobsParts {
  readonly cluster: JobCluster;
  readonly clock: Clock;
  readonly lookUp: LookUp;
  readonly clusterBlocks: readonly Block[];
  readonly searchDomains: readonly string[];
  readonly settings: Omit<JobSettings, 'deadlineSeconds'>;
  /** Where bundles are kept; in ConfigMaps when undefined. */
  readonly registry: RegistrySettings | undefined;
}

/** Three runs of Deno and a node that pulls the image, with room; who resolves has ended long before. */
export const deadlineSeconds = 600;

/** Resolves code by Jobs. */
export function startCodeJobs(
  { cluster, clock, lookUp, clusterBlocks, searchDomains, settings, registry }: CodeJobsParts,
): CodeJobs {
  return new CodeJobs({
    cluster,
    clock,
    settings: { ...settings, deadlineSeconds },
    egress: egressOf({ cluster, lookUp, clusterBlocks, searchDomains }),
    hostsOf: ({ request }) => dialledHostsOf(request),
    store: registry && bundleStore(registry),
  });
}
