/** Which objects a follow or a list asks for. */
import type { FollowOptions, KubeObject } from '../../cluster.ts';
import { isJsonObject } from './objects.ts';

/** True when namespace, labels and field selector all agree with the object. */
export function matches(object: KubeObject, options: FollowOptions): boolean {
  return (options.namespace === undefined || object.metadata.namespace === options.namespace) &&
    matchesLabels(object, options.labels ?? {}) &&
    matchesFields(object, options.fieldSelector ?? '');
}

function matchesLabels(object: KubeObject, wanted: Readonly<Record<string, string | null>>): boolean {
  const labels = object.metadata.labels ?? {};
  return Object.entries(wanted).every(([key, value]) => (value === null ? key in labels : labels[key] === value));
}

/** `a.b=x`, `a.b==x` and `a.b!=x`, joined by commas; a missing field is the empty string. */
function matchesFields(object: KubeObject, selector: string): boolean {
  return selector.split(',').filter((term) => term !== '').every((term) => {
    const [, path = '', operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(term) ?? [];
    return (fieldAt(object, path) === value) === (operator !== '!=');
  });
}

function fieldAt(object: KubeObject, path: string): string {
  const value = path.split('.').reduce<unknown>((at, key) => (isJsonObject(at) ? at[key] : undefined), object);
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
