/** Reads ConfigMaps and Secrets for a container, in the words a person needs when one is missing. */
import { type Cluster, type KubeObject, type ObjectRef, resources } from '../../cluster.ts';
import { ContainerConfigError } from './pod.ts';

/** The keys of a ConfigMap or Secret, decoded. */
export type ConfigData = ReadonlyMap<string, Buffer>;

/** Which object, and whether a container may start without it. */
export interface ConfigRef {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly optional: boolean;
}

/** Reads configuration of one namespace; an optional object that is missing has no keys. */
export class ConfigSource {
  readonly #cluster: Cluster;
  readonly #namespace: string;

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  /** @throws ContainerConfigError when a required object is missing */
  async read({ kind, name, optional }: ConfigRef): Promise<ConfigData> {
    const ref: ObjectRef = { namespace: this.#namespace, name };
    const object = await this.#cluster.get(kind === 'Secret' ? resources.secrets : resources.configMaps, ref);
    if (object === undefined && !optional) {
      throw new ContainerConfigError(
        `${kind} "${name}" was not found in namespace ${this.#namespace}; create it, the container starts then.`,
      );
    }
    return object === undefined ? new Map() : decode(kind, object);
  }

  /** @throws ContainerConfigError when the object or the key is missing and not optional */
  async readKey(ref: ConfigRef, key: string): Promise<Buffer | undefined> {
    const value = (await this.read(ref)).get(key);
    if (value === undefined && !ref.optional) throw missingKey(ref, key);
    return value;
  }
}

/** The error for a key that a required object does not have. */
export function missingKey({ kind, name }: ConfigRef, key: string): ContainerConfigError {
  return new ContainerConfigError(`${kind} "${name}" has no key "${key}"; add the key, the container starts then.`);
}

function decode(kind: ConfigRef['kind'], object: KubeObject): ConfigData {
  const entries = (field: string) => Object.entries((object[field] ?? {}) as Record<string, string>);
  if (kind === 'Secret') return new Map(entries('data').map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return new Map([
    ...entries('data').map(([key, value]) => [key, Buffer.from(value)] as const),
    ...entries('binaryData').map(([key, value]) => [key, Buffer.from(value, 'base64')] as const),
  ]);
}
