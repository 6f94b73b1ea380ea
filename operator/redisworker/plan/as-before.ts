/** What a consumer runs that is to run what another one runs, whatever is asked for now. Pure. */
import { type ConfigHashFields, operatorFields } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { consumerLabels, marked } from '../desired/deployment.ts';
import { stamped } from '../desired/drift.ts';
import { childMetadata } from '../desired/metadata.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { consumerIdOf } from '../model/children.ts';
import { annotations, deploymentName } from '../model/names.ts';
import type { ObservedSpec } from '../model/observed.ts';

type Place = Pick<Blueprint, 'parent' | 'keyPrefix'>;

/** The part of a Deployment that differs from consumer to consumer. */
interface DeploymentSpec {
  readonly template: {
    readonly metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    readonly spec: { readonly containers: readonly { readonly command?: readonly string[] }[] };
  };
}

/** The Deployment as it is, with as many replicas as there are to be. */
export function asItIs(actual: KubeObject, { parent }: Place, replicas: number): KubeObject {
  const { name, labels = {}, annotations: notes = {} } = actual.metadata;
  return {
    apiVersion: actual.apiVersion,
    kind: actual.kind,
    metadata: childMetadata(parent, name, { labels, annotations: ours(notes) }),
    spec: { ...actual.spec as object, replicas },
  };
}

/** The Deployment of the consumer `id` that runs what the one of another consumer runs. */
export function asSibling(sibling: KubeObject, id: string, { parent, keyPrefix }: Place, replicas: number): KubeObject {
  const { template, ...spec } = sibling.spec as DeploymentSpec;
  const key = configHashKey(keyPrefix, consumerIdOf(sibling) ?? '');
  const containers = template.spec.containers.map(({ command, ...container }) => ({
    ...container,
    ...(command ? { command: command.map((part) => (part === key ? configHashKey(keyPrefix, id) : part)) } : {}),
  }));
  const labels = consumerLabels(parent, id);
  const notes = without(template.metadata.annotations, annotations.template);
  const { applied, wasBroken, taken } = annotations;
  const kept = without(ours(sibling.metadata.annotations ?? {}), applied, wasBroken, taken);
  return stamped({
    apiVersion: sibling.apiVersion,
    kind: sibling.kind,
    metadata: childMetadata(parent, deploymentName(parent.name, id), {
      labels,
      annotations: { ...kept, [annotations.consumer]: id },
    }),
    spec: {
      ...spec,
      replicas,
      selector: { matchLabels: labels },
      template: marked({
        metadata: {
          labels: { ...template.metadata.labels, ...labels },
          annotations: { ...notes, [annotations.consumer]: id },
        },
        spec: { ...template.spec, containers },
      }),
    },
  });
}

/** The config hash of `id` with what the one of another consumer says; undefined when that one has none. */
export function hashAsSibling(
  { redis, blueprint: { keyPrefix } }: ObservedSpec,
  sibling: string,
  id: string,
): ConfigHashFields | undefined {
  const hash = redis.kind === 'answered' ? redis.hashes.get(configHashKey(keyPrefix, sibling)) : undefined;
  if (typeof hash !== 'object') return undefined;
  const fields = operatorFields.flatMap((field) => (hash[field] === undefined ? [] : [[field, hash[field]] as const]));
  return { ...Object.fromEntries(fields), consumerId: id };
}

/** What controllers note on a Deployment is not ours to repeat. */
function ours(notes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(notes).filter(([name]) => name.startsWith('redisworker.dev/')));
}

function without(notes: Readonly<Record<string, string>>, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(notes).filter(([name]) => !names.includes(name)));
}
