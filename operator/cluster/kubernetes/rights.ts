/**
 * Who may do what: the rules the operator needs, each proven to be used by the whole test run, and the roles of people.
 * Pure data; the chart and the tests take them from here.
 */

/** One rule of a Role or ClusterRole. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only the objects of these names; all when absent. */
  readonly resourceNames?: readonly string[];
}

/** One rule of a ClusterRole about paths that are no resources. */
export interface PathRule {
  readonly nonResourceURLs: readonly string[];
  readonly verbs: readonly string[];
}

const group = 'redisworker.dev';
/** What is compared with the cluster, and written and taken away in it. */
const kept = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/**
 * Where workers are served: in a Role of the one namespace, or in a ClusterRole for all of them.
 *
 * Secrets are read one by one, by the name a worker gives, and never listed or watched: neither verb can be narrowed to
 * names that are not known beforehand, and either would hand out every Secret there is.
 */
export const servedRules: readonly Rule[] = [
  rule(group, 'redisworkers', ['list', 'watch', 'patch']),
  rule(group, 'redisworkers/status', ['patch']),
  rule('apps', 'deployments', kept),
  rule('networking.k8s.io', 'networkpolicies', kept),
  rule('cilium.io', 'ciliumnetworkpolicies', kept),
  rule('', 'configmaps', kept),
  rule('', 'secrets', ['get', 'create', 'patch']),
  rule('', 'pods', ['list', 'watch', 'delete']),
  rule('', 'pods/log', ['get']),
  rule('batch', 'jobs', ['get', 'create', 'patch', 'delete']),
  rule('', 'services', kept),
  rule('discovery.k8s.io', 'endpointslices', ['list', 'watch']),
  // Listed by the name of a Job that gets no pod: nothing else tells why.
  rule('events.k8s.io', 'events', ['get', 'list', 'create', 'patch']),
];

/** In the operator's own namespace, for the election. A Lease that is not there yet cannot be granted by its name. */
export function leaseRules(name: string): readonly Rule[] {
  const leases = rule('coordination.k8s.io', 'leases', ['get', 'update']);
  return [{ ...leases, resourceNames: [name] }, { ...leases, verbs: ['create'] }];
}

/** In all of the cluster, whatever is served, where /metrics or the status page asks the API server who wants to read it. */
export const metricsAuthRules: readonly Rule[] = [
  rule('authentication.k8s.io', 'tokenreviews', ['create']),
  rule('authorization.k8s.io', 'subjectaccessreviews', ['create']),
];

/** For whoever collects metrics that are asked for so. */
export const metricsReaderRules: readonly PathRule[] = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];

/** For whoever looks at the status page: it shows the workers of all namespaces that are served, and their requests. */
export const pageViewerRules: readonly PathRule[] = [{ nonResourceURLs: ['/page'], verbs: ['get'] }];

/** In the operator's namespace, for whoever comes to the page through the API server, as `redisworker page` does. */
export const pageForwardRules: readonly Rule[] = [
  rule('', 'pods', ['list']),
  rule('', 'pods/portforward', ['get', 'create']),
];

/** A ClusterRole for people. */
export interface PeopleRole {
  readonly name: 'redisworker-viewer' | 'redisworker-author' | 'redisworker-admin';
  /** The built-in role that takes it in; those that build on that one have it too. */
  readonly aggregatedTo?: 'view';
  readonly rules: readonly Rule[];
}

const reading = ['get', 'list', 'watch'];
const scaling = rule(group, 'redisworkers/scale', ['get', 'patch', 'update']);

/**
 * The spec and the status of a worker hold no secret, so whoever may view its namespace may view it. To write one is to
 * reach the Redis of all namespaces and whatever the operator reaches: no built-in role is meant to imply that.
 */
export const peopleRoles: readonly PeopleRole[] = [
  {
    name: 'redisworker-viewer',
    aggregatedTo: 'view',
    rules: [
      rule(group, 'redisworkers', reading),
      rule(group, 'redisworkers/status', ['get']),
      rule(group, 'redisworkers/scale', ['get']),
    ],
  },
  {
    name: 'redisworker-author',
    rules: [
      rule(group, 'redisworkers', [...reading, 'create', 'patch', 'update', 'delete']),
      rule(group, 'redisworkers/status', ['get']),
      scaling,
    ],
  },
  {
    name: 'redisworker-admin',
    rules: [
      rule(group, 'redisworkers', [...reading, 'create', 'patch', 'update', 'delete', 'deletecollection']),
      rule(group, 'redisworkers/status', ['get', 'patch', 'update']),
      scaling,
    ],
  },
];

function rule(apiGroup: string, resource: string, verbs: readonly string[]): Rule {
  return { apiGroups: [apiGroup], resources: [resource], verbs };
}
