/** `spec.pod`: what a user may set on the pods of a worker. */
import { z } from 'zod';
import { foreignObject, labelsOf, listMapOf, listOf, mapOf, objectName, quantity, text, whole } from '../bounded.ts';
import { quantityValue } from '../quantity.ts';
import { matches, type Rule, withRules } from '../rules.ts';

const reserved: Rule<Record<string, string>> = {
  rule: "self.all(key, !key.startsWith('redisworker.dev/'))",
  message: 'keys that start with redisworker.dev/ belong to the operator: choose another prefix',
  holds: (map) => Object.keys(map).every((key) => !key.startsWith('redisworker.dev/')),
};

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** Prefixes of annotations that give a pod a second network interface, an address or a profile no policy of ours knows. */
const networkAnnotation = `^(([-a-z0-9]+[.])*(${
  [
    'cni[.]cncf[.]io',
    'multus-cni[.]io',
    'projectcalico[.]org',
    'cilium[.]io',
    'ovn[.]org',
    'ovn[.]kubernetes[.]io',
    'antrea[.]io',
    'networking[.][-a-z0-9.]+',
    'networkservicemesh[.]io',
    'danm[.](k8s[.])?io',
    'spidernet[.]io',
    'opencontrail[.]org',
    'vpc[.]amazonaws[.]com',
    'security[.](alpha|beta)[.]kubernetes[.]io',
  ].join('|')
})(/|$)|io[.]cilium[.])`;

const noNetworkAnnotation: Rule<Record<string, string>> = {
  rule: `self.all(key, !key.matches(r'${networkAnnotation}'))`,
  message:
    'pod.annotations must not change the network or the security profile of the pods, which no policy of theirs would know: remove keys such as k8s.v1.cni.cncf.io/networks',
  holds: (map) => !Object.keys(map).some((key) => new RegExp(networkAnnotation).test(key)),
};

const controllersOwn = ['app.kubernetes.io/managed-by', 'pod-template-hash', 'controller-revision-hash'];

const noLabelOfControllers: Rule<Record<string, string>> = {
  rule: `self.all(key, !(key in [${
    controllersOwn.map((key) => `'${key}'`).join(', ')
  }]) && !key.startsWith('io.cilium.'))`,
  message: `pod.labels must not hold ${
    controllersOwn.join(', ')
  } or io.cilium.…, by which controllers know their pods: remove the key`,
  holds: (map) => !Object.keys(map).some((key) => controllersOwn.includes(key) || key.startsWith('io.cilium.')),
};

const amount = (resource: string) => `quantity(string(${resource}))`;
const isAmount = (resource: string) => `isQuantity(string(${resource}))`;

/** Measured: Deno alone is killed at 8 MiB, our runtime at 12, and under the runner there are two processes. */
const leastMemory = '32Mi';

/** Values that are no quantities are the business of another rule. */
const enoughMemory: Rule<Resources> = {
  rule: [
    "!has(self.limits) || !('memory' in self.limits)",
    `!${isAmount("self.limits['memory']")}`,
    `${amount("self.limits['memory']")}.compareTo(quantity('${leastMemory}')) >= 0`,
  ].join(' || '),
  message:
    `pod.resources.limits.memory must be at least ${leastMemory}, because Deno does not start with less: raise it, and mind the unit`,
  field: ['limits', 'memory'],
  holds: ({ limits }) => {
    const limit = quantityValue(limits?.['memory'] ?? leastMemory);
    return limit === undefined || limit >= (quantityValue(leastMemory) ?? 0n);
  },
};

const withinLimits: Rule<Resources> = {
  rule: [
    '!has(self.requests) || !has(self.limits)',
    `self.requests.all(name, !(name in self.limits) || !${isAmount('self.requests[name]')} || !${
      isAmount('self.limits[name]')
    } || ${amount('self.requests[name]')}.compareTo(${amount('self.limits[name]')}) <= 0)`,
  ].join(' || '),
  message:
    'pod.resources.requests must not ask for more than pod.resources.limits: lower the request or raise the limit',
  field: ['requests'],
  holds: ({ requests = {}, limits = {} }) =>
    Object.entries(requests).every(([name, request]) => {
      const [asked, most] = [quantityValue(request), quantityValue(limits[name] ?? '')];
      return asked === undefined || most === undefined || asked <= most;
    }),
};

const resources = withRules(
  z.object({
    requests: mapOf(quantity(), 16).exactOptional(),
    limits: mapOf(quantity(), 16).exactOptional(),
  }),
  enoughMemory,
  withinLimits,
);

const toleration = z.object({
  key: text(317).exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: z.string().max(63).exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
  tolerationSeconds: whole(0, 2_147_483_647).exactOptional(),
});

const spread = z.object({
  maxSkew: whole(1, 10_000),
  topologyKey: text(317),
  whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
  minDomains: whole(1, 10_000).exactOptional(),
  nodeAffinityPolicy: z.enum(['Honor', 'Ignore']).exactOptional(),
  nodeTaintsPolicy: z.enum(['Honor', 'Ignore']).exactOptional(),
});

const affinity = z.object({
  nodeAffinity: foreignObject(2).exactOptional(),
  podAffinity: foreignObject(2).exactOptional(),
  podAntiAffinity: foreignObject(2).exactOptional(),
});

/** Everything else about the pods follows from the worker. */
export const pod = z
  .object({
    image: withRules(text(512), matches('^[!-~]+$', 'pod.image must be the name of an image, without spaces'))
      .exactOptional().describe("Image of the worker runtime; the operator's default when absent."),
    imagePullSecrets: listMapOf(z.object({ name: objectName() }), ['name'], 16).default([]).describe(
      'Secrets that open the registry of the image.',
    ),
    resources: resources.exactOptional().describe(
      'Requests and limits of the worker container; the heap follows limits.memory.',
    ),
    nodeSelector: labelsOf(64).exactOptional().describe('Labels of the nodes the pods may run on.'),
    tolerations: listOf(toleration, 32).default([]).describe('Taints the pods tolerate.'),
    affinity: affinity.exactOptional().describe('Affinity of the pods, as in a pod.'),
    topologySpreadConstraints: listOf(spread, 8).default([]).describe(
      "How the pods spread; they are selected by the worker's own label.",
    ),
    priorityClassName: objectName().exactOptional().describe('Priority class of the pods.'),
    labels: labelsOf(64, reserved, noLabelOfControllers).default({}).describe(
      'Labels added to the pods. Services and policies of others may select the pods by them.',
    ),
    annotations: withRules(mapOf(z.string().max(4096), 64), reserved, noNetworkAnnotation).default({}).describe(
      'Annotations added to the pods.',
    ),
    terminationGracePeriodSeconds: whole(1, 86_400).exactOptional().describe(
      'Seconds a pod may take to finish; a little more than handler.timeoutSeconds when absent.',
    ),
  })
  .prefault({});
