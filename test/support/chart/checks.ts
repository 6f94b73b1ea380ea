/** What linters of Kubernetes ask of objects, under the names kube-linter and Polaris have for it. Pure. */
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { Rendered } from './helm.ts';
import { containersOf, podsOf, type RenderedPod, selects } from './pods.ts';

/** Sentences about what is wrong. */
type Check = (objects: readonly Rendered[]) => string[];

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs?: readonly string[];
}

const inPods = (wrong: (pod: RenderedPod) => boolean): Check => (objects) =>
  podsOf(objects).filter(wrong).map(({ of }) => of);

const inContainers = (wrong: (container: Container, pod: RenderedPod) => boolean): Check => (objects) =>
  podsOf(objects).flatMap((pod) =>
    containersOf(pod).filter((one) => wrong(one, pod)).map(({ name }) => `${name} of ${pod.of}`)
  );

const ofKind = (objects: readonly Rendered[], ...kinds: readonly string[]) =>
  objects.filter(({ kind }) => kinds.includes(kind));

const title = ({ kind, metadata: { name } }: Rendered): string => `${kind} ${name}`;

/** A test asks once and ends: nobody waits for it to be ready. */
const isServer = ({ kind }: RenderedPod): boolean => kind !== 'Pod';

/** Rules of the operator's own roles, not of those people have. */
const inRules = (wrong: (rule: Rule, object: Rendered) => boolean): Check => (objects) =>
  ofKind(objects, 'Role', 'ClusterRole').filter((object) =>
    ((object['rules'] as readonly Rule[] | undefined) ?? []).some((rule) => wrong(rule, object))
  ).map(title);

const grants = ({ resources = [], verbs = [] }: Rule, resource: RegExp, verb: RegExp): boolean =>
  resources.some((one) => resource.test(one)) && verbs.some((one) => verb.test(one));

/** Selectors of NetworkPolicies of this namespace. */
const policiesFor = (objects: readonly Rendered[], pod: RenderedPod): Rendered[] =>
  ofKind(objects, 'NetworkPolicy').filter(({ metadata, spec }) =>
    metadata.namespace === pod.namespace && selects(matchLabels(spec?.['podSelector']), pod.labels)
  );

function matchLabels(selector: unknown): Readonly<Record<string, string>> {
  return (selector as { readonly matchLabels?: Record<string, string> } | undefined)?.matchLabels ?? {};
}

interface PolicySpec {
  readonly podSelector: unknown;
  readonly ingress?: readonly { readonly from?: readonly Peer[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[] }[];
}

interface Peer {
  readonly podSelector?: unknown;
  readonly namespaceSelector?: unknown;
}

/** Peers of the same namespace: pods of the release. */
function ownPeers(object: Rendered): Readonly<Record<string, string>>[] {
  const { ingress = [], egress = [] } = object.spec as unknown as PolicySpec;
  return [...ingress.flatMap(({ from = [] }) => from), ...egress.flatMap(({ to = [] }) => to)]
    .filter(({ podSelector, namespaceSelector }) => podSelector !== undefined && namespaceSelector === undefined)
    .map(({ podSelector }) => matchLabels(podSelector));
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly targetPort?: string | number }[];
}

const behind = (objects: readonly Rendered[], service: Rendered): RenderedPod[] => {
  const { selector = {} } = service.spec as unknown as ServiceSpec;
  return podsOf(objects).filter(({ labels, namespace }) =>
    namespace === service.metadata.namespace && selects(selector, labels)
  );
};

function answers(pod: RenderedPod, port: string | number | undefined): boolean {
  return containersOf(pod).flatMap(({ ports = [] }) => ports).some(({ name, containerPort }) =>
    name === port || containerPort === port
  );
}

/** Every check by its name in the linters. */
export const checks: Readonly<Record<string, Check>> = {
  'access-to-create-pods': inRules((rule) => grants(rule, /^(pods|\*)$/, /^(create|\*)$/)),
  'access-to-secrets': inRules((rule) =>
    grants(rule, /^(secrets|\*)$/, /^(list|watch|delete|deletecollection|update|\*)$/)
  ),
  'automount-service-account-token': inPods(({ kind, spec }) =>
    spec.automountServiceAccountToken !== (kind === 'Deployment')
  ),
  'cluster-admin-role-binding': (objects) =>
    ofKind(objects, 'RoleBinding', 'ClusterRoleBinding').filter((one) =>
      (one['roleRef'] as { name: string }).name === 'cluster-admin'
    ).map(title),
  'dangling-networkpolicy': (objects) =>
    ofKind(objects, 'NetworkPolicy').filter((policy) =>
      !podsOf(objects).some((pod) => policiesFor([policy], pod).length > 0)
    )
      .map(title),
  'dangling-networkpolicypeer-podselector': (objects) =>
    ofKind(objects, 'NetworkPolicy').filter((policy) =>
      ownPeers(policy).some((peer) => !podsOf(objects).some(({ labels }) => selects(peer, labels)))
    ).map(title),
  'dangling-service': (objects) =>
    ofKind(objects, 'Service').filter((one) => behind(objects, one).length === 0).map(title),
  'default-service-account': inPods(({ kind, spec }) =>
    kind === 'Deployment' && (spec.serviceAccountName ?? 'default') === 'default'
  ),
  'docker-sock': inPods(({ spec }) => (spec.volumes ?? []).some(({ hostPath }) => hostPath !== undefined)),
  'drop-net-raw-capability': inContainers(({ securityContext }) =>
    !(securityContext?.capabilities?.drop ?? []).some((one) => one === 'ALL' || one === 'NET_RAW')
  ),
  'duplicate-env-var': inContainers(({ env = [] }) => new Set(env.map(({ name }) => name)).size < env.length),
  'env-var-secret': inContainers(({ env = [] }) =>
    env.some(({ name, value }) => /password|secret|token|auth/i.test(name) && value !== undefined)
  ),
  'host-ipc': inPods(({ spec }) => spec.hostIPC === true),
  'host-network': inPods(({ spec }) => spec.hostNetwork === true),
  'host-pid': inPods(({ spec }) => spec.hostPID === true),
  'invalid-target-ports': (objects) =>
    ofKind(objects, 'Service').filter((service) =>
      (service.spec as unknown as ServiceSpec).ports.some(({ targetPort }) =>
        behind(objects, service).some((pod) => !answers(pod, targetPort))
      )
    ).map(title),
  'latest-tag': inContainers(({ image = '' }) => !/(:(?!latest$)[^/:@]+|@sha256:[0-9a-f]{64})$/.test(image)),
  'mismatching-selector': (objects) =>
    podsOf(objects).filter(({ selector, labels }) => !selects(selector, labels)).map(({ of }) => of),
  'no-liveness-probe': inContainers(({ livenessProbe }, pod) => isServer(pod) && livenessProbe === undefined),
  'no-read-only-root-fs': inContainers(({ securityContext }) => securityContext?.readOnlyRootFilesystem !== true),
  'no-readiness-probe': inContainers(({ readinessProbe }, pod) => isServer(pod) && readinessProbe === undefined),
  'no-rolling-update-strategy': (objects) =>
    ofKind(objects, 'Deployment').filter(({ spec }) =>
      (spec?.['strategy'] as { type: string }).type !== 'RollingUpdate'
    ).map(title),
  'non-isolated-pod': (objects) =>
    podsOf(objects).filter((pod) => policiesFor(objects, pod).length === 0).map(({ of }) => of),
  'pdb-max-unavailable': (objects) =>
    ofKind(objects, 'PodDisruptionBudget').filter(({ spec }) =>
      [0, '0%', undefined].includes(spec?.['maxUnavailable'] as string)
    )
      .map(title),
  'privilege-escalation-container': inContainers(({ securityContext }) =>
    securityContext?.allowPrivilegeEscalation !== false
  ),
  'privileged-container': inContainers(({ securityContext }) => securityContext?.privileged === true),
  'role-pod-exec-attach': inRules((rule) => grants(rule, /^pods\/(exec|attach)$/, /./)),
  'run-as-non-root': inPods(({ spec }) => spec.securityContext?.runAsNonRoot !== true),
  'seccomp-profile': inPods(({ spec }) => spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault'),
  'ssh-port': inContainers(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === 22)),
  'topology-spread-constraint': inPods(({ replicas, spec }) =>
    replicas > 1 && (spec.topologySpreadConstraints ?? []).length === 0
  ),
  'unsafe-sysctls': inPods(({ spec }) => (spec.securityContext?.sysctls ?? []).length > 0),
  'unset-cpu-requirements': inContainers(({ resources }) => resources?.requests?.['cpu'] === undefined),
  'unset-memory-requirements': inContainers(({ resources }) =>
    resources?.requests?.['memory'] === undefined || resources.limits?.['memory'] === undefined
  ),
  'use-namespace': (objects) =>
    objects.filter(({ kind, metadata: { namespace } }) =>
      (namespace === undefined) !== /^(Cluster.*|CustomResourceDefinition)$/.test(kind) || namespace === 'default'
    ).map(title),
  'wildcard-in-rules': inRules(({ apiGroups = [], resources = [], verbs = [] }) =>
    [...apiGroups, ...resources, ...verbs].includes('*')
  ),
  'writes-roles': inRules((rule) => grants(rule, /^(cluster)?role(binding)?s$/, /./)),
};

/** All that is wrong, as `check: what`. @param waived checks that this set of values asks to be broken */
export function findings(objects: readonly Rendered[], waived: readonly string[] = []): string[] {
  return Object.entries(checks).filter(([name]) => !waived.includes(name)).flatMap(([name, check]) =>
    check(objects).map((what) => `${name}: ${what}`)
  );
}
