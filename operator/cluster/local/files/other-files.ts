/** Which files of a folder are no manifests, although their names end as those of manifests do. Pure. */

const specs = /\.test\.(ya?ml|json)$/;
/** The spec of a test, `kustomize`, and what tells tools of a project about it. */
const others = [
  specs,
  /^kustomization\.ya?ml$/,
  /^(deno|package|package-lock|tsconfig|jsr)\.json$/,
];

/** True for a file that a folder of manifests may have beside them. A file that is named by itself is always read. */
export function isBeside(name: string): boolean {
  return others.some((pattern) => pattern.test(name));
}

/** The specs of a folder. */
export function isSpec(name: string): boolean {
  return specs.test(name);
}

/** True for JSON that no cluster knows, such as data a module imports. What is being written is no JSON yet. */
export function isPlainJson(name: string, text: string): boolean {
  if (!name.endsWith('.json')) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value !== 'object' || value === null || !('apiVersion' in value || 'kind' in value);
  } catch {
    return false;
  }
}
