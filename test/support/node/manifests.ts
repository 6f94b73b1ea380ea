/** Objects that tests on a node need: pods that meet the restricted level, Services, policies. */

/** A pod of one container. */
export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly image: string;
  /** Instead of the image's own. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** TCP port that tells when it is ready. */
  readonly port?: number;
}

/** A pod that meets the restricted level and ends at once. */
export function pod({ namespace, name, labels = { app: name }, image, command, args, port }: TestPod): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: 'main',
        image,
        imagePullPolicy: 'Never',
        command,
        args,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        ...(port === undefined
          ? {}
          : { ports: [{ containerPort: port }], readinessProbe: { tcpSocket: { port }, periodSeconds: 1 } }),
      }],
      volumes: [{ name: 'tmp', emptyDir: {} }],
    },
  };
}

/** A Service in front of the pods with `app: <name>`. */
export function service(namespace: string, name: string, port: number, targetPort: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { selector: { app: name }, ports: [{ port, targetPort }] },
  };
}

/** A policy for what leaves the pods with `app: <app>`; no rules close everything. */
export function egressPolicy(namespace: string, app: string, egress: readonly object[]): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name: `egress-of-${app}` },
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Egress'], egress },
  };
}
