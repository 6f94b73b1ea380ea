/** The pods that rendered objects are or make. Pure. */
import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import type { Rendered } from './helm.ts';

/** A pod, and whose it is. */
export interface RenderedPod {
  /** For example `Deployment rwo`. */
  readonly of: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  readonly replicas: number;
  /** What the owner selects its pods by; the labels themselves for a pod without one. */
  readonly selector: Readonly<Record<string, string>>;
}

interface Owner {
  readonly replicas?: number;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: { readonly metadata: Rendered['metadata']; readonly spec: PodSpec };
}

/** All of them. */
export function podsOf(objects: readonly Rendered[]): RenderedPod[] {
  return objects.flatMap((object): RenderedPod[] => {
    const { kind, metadata: { name, namespace = '', labels = {}, annotations = {} } } = object;
    const about = { of: `${kind} ${name}`, kind, name, namespace };
    if (kind === 'Pod') {
      return [{
        ...about,
        labels,
        annotations,
        spec: object.spec as unknown as PodSpec,
        replicas: 1,
        selector: labels,
      }];
    }
    if (kind !== 'Deployment' && kind !== 'StatefulSet') return [];
    const { replicas = 1, selector, template } = object.spec as unknown as Owner;
    return [{
      ...about,
      labels: template.metadata.labels ?? {},
      annotations: template.metadata.annotations ?? {},
      spec: template.spec,
      replicas,
      selector: selector.matchLabels,
    }];
  });
}

/** All containers of a pod. */
export function containersOf({ spec }: RenderedPod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** True when every label of the selector is there. */
export function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
