/** The table of values in the chart's README. Pure. */
import type { Value, ValueSchema } from './json-schema.ts';

/** One row per value: name, type, default, description. */
export function valuesTable(values: readonly Value[]): string {
  const rows = values.map(({ path, schema, preset }) =>
    [`\`${path}\``, typeOf(schema), `\`${shown(preset)}\``, cell(schema.description ?? '')].join(' | ')
  );
  return ['| value | type | default | what it is |', '|---|---|---|---|', ...rows.map((row) => `| ${row} |`)].join(
    '\n',
  );
}

function typeOf(schema: ValueSchema): string {
  if (schema.enum) return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object') return 'map';
  return schema.type ?? 'anything';
}

function shown(preset: unknown): string {
  return cell(JSON.stringify(preset));
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
