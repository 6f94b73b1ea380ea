/** Objects of a live copy by what they have in common: an owner, a group. */
import type { KubeObject } from './cluster.ts';

/** Finds the objects of a group without looking through all. */
export class ObjectIndex {
  readonly #groupsOf: (object: KubeObject) => readonly string[];
  readonly #groups = new Map<string, Map<string, KubeObject>>();

  /** @param groupsOf the groups an object is in: the same ones as long as it is the same object */
  constructor(groupsOf: (object: KubeObject) => readonly string[]) {
    this.#groupsOf = groupsOf;
  }

  add(key: string, object: KubeObject): void {
    for (const group of this.#groupsOf(object)) {
      const members = this.#groups.get(group);
      if (members === undefined) this.#groups.set(group, new Map([[key, object]]));
      else members.set(key, object);
    }
  }

  remove(key: string, object: KubeObject): void {
    for (const group of this.#groupsOf(object)) {
      const members = this.#groups.get(group);
      members?.delete(key);
      if (members?.size === 0) this.#groups.delete(group);
    }
  }

  of(group: string): readonly KubeObject[] {
    return [...this.#groups.get(group)?.values() ?? []];
  }

  /** One that is in a group the object is in. */
  oneLike(object: KubeObject): KubeObject | undefined {
    for (const group of this.#groupsOf(object)) {
      for (const member of this.#groups.get(group)?.values() ?? []) return member;
    }
    return undefined;
  }
}

/** UIDs of the owners of an object. */
export function ownersOf({ metadata }: KubeObject): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ uid }) => uid);
}

/** An index of the groups that {@link FollowOptions.group} tells. */
export function groupIndex(group: ((object: KubeObject) => string | undefined) | undefined): ObjectIndex {
  return new ObjectIndex((object) => {
    const name = group?.(object);
    return name === undefined ? [] : [name];
  });
}
