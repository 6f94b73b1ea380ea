/** The API server's own schemas, in the files kubeconform reads. Pure. */

interface Schema {
  [key: string]: unknown;
}

interface OpenApi {
  readonly definitions: Readonly<Record<string, Schema>>;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** File name and text of the schemas of these kinds; `-schema-location` names them by kind and suffix. */
export function schemaFiles(openApi: OpenApi, wanted: ReadonlySet<string>): Map<string, string> {
  const definitions = Object.fromEntries(
    Object.entries(openApi.definitions).map(([name, schema]) => [name, closed(schema)]),
  );
  const files = new Map<string, string>();
  for (const [name, schema] of Object.entries(openApi.definitions)) {
    const kinds = schema['x-kubernetes-group-version-kind'] as readonly GroupVersionKind[] | undefined;
    const [only] = kinds?.length === 1 ? kinds : [];
    if (only === undefined || !wanted.has(only.kind)) continue;
    const text = JSON.stringify({ $ref: `#/definitions/${name}`, definitions });
    files.set(fileName(only), text);
  }
  return files;
}

/** As kubeconform makes `{{ .ResourceKind }}{{ .KindSuffix }}`: the first label of the group, and the version. */
function fileName({ group, version, kind }: GroupVersionKind): string {
  const [label = ''] = group.split('.');
  return `${[kind.toLowerCase(), label, version].filter((part) => part !== '').join('-')}.json`;
}

/** Refuses fields that are not there, and lets be given as text what may be a number or text. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const rest = schema as Schema;
  if (rest['format'] === 'int-or-string') return { oneOf: [{ type: 'integer' }, { type: 'string' }] };
  const parts = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, closed(value)]));
  const isObject = 'properties' in rest && !('additionalProperties' in rest) &&
    rest['x-kubernetes-preserve-unknown-fields'] !== true;
  return isObject ? { ...parts, additionalProperties: false } : parts;
}
