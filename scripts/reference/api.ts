/** docs/reference/api.md: every field of a RedisWorker, from the schema of the CRD. Pure. */
import type { StructuralSchema } from '../../operator/api/structural.ts';
import { generated, plain, table } from './table.ts';

/** The page. */
export function apiPage(schema: StructuralSchema): string {
  const { spec, status } = schema.properties ?? {};
  if (!spec || !status) throw new Error('the schema has no spec, or no status');
  return [
    generated,
    '',
    '# API',
    '',
    '`redisworker.dev/v1alpha1`, kind `RedisWorker`, short name `rw`, in a namespace, with the subresources `status` and `scale` (`spec.consumers.count`). In a cluster `kubectl explain redisworker.spec --recursive` says the same.',
    '',
    ...Object.entries(spec.properties ?? {}).flatMap(([name, field]) =>
      section(`spec.${name}`, field, isRequired(spec, name))
    ),
    ...rules('Rules of the whole', [...validations(schema), ...validations(spec)]),
    '## status',
    '',
    'Written by the operator alone.',
    '',
    table(head, rowsOf('', status)),
    '',
  ].join('\n');
}

const head = ['field', 'type', 'default', 'what it is'];

function section(path: string, field: StructuralSchema, required: boolean): string[] {
  const rows = rowsOf('', field);
  const self = [typeOf(field), ...(required ? ['required'] : []), ...defaultOf(field)].join('; ');
  return [
    `## ${path}`,
    '',
    `${plain(field.description ?? '')} ${capital(self)}.`.trim(),
    '',
    ...(rows.length > 0 ? [table(head, rows), ''] : []),
    ...rules(undefined, allValidations(field)),
  ];
}

/** A row for each field below, by its path. */
function rowsOf(path: string, schema: StructuralSchema): string[][] {
  const inner = schema.type === 'array' ? schema.items : schema;
  const prefix = schema.type === 'array' ? `${path}[]` : path;
  const map = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const own = Object.entries(inner?.properties ?? {}).flatMap(([name, field]) => {
    const here = prefix === '' ? name : `${prefix}.${name}`;
    const must = inner && isRequired(inner, name) ? ', required' : '';
    return [
      [`\`${here}\``, `${typeOf(field)}${must}`, defaultText(field), field.description ?? ''],
      ...rowsOf(here, field),
    ];
  });
  return map?.properties ? [...own, ...rowsOf(`${prefix}.*`, map)] : own;
}

function isRequired({ required }: StructuralSchema, name: string): boolean {
  return required?.includes(name) === true;
}

/** Type and bounds. */
function typeOf(schema: StructuralSchema): string {
  const { type, items, enum: choices, additionalProperties } = schema;
  if (choices) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (type === 'array') {
    return [`list of ${items ? typeOf(items) : 'anything'}`, ...range(schema, 'Items', 'items')].join(', ');
  }
  if (type === 'object' && typeof additionalProperties === 'object') {
    return [`map of ${typeOf(additionalProperties)}`, ...range(schema, 'Properties', 'keys')].join(', ');
  }
  if (type === 'object') return 'object';
  return [
    type ?? 'anything',
    ...(typeof schema['format'] === 'string' ? [schema['format']] : []),
    ...range(schema, 'Length', 'characters'),
    ...numbers(schema),
    ...(typeof schema['pattern'] === 'string' ? [`\`${schema['pattern']}\``] : []),
  ].join(', ');
}

function range(schema: StructuralSchema, what: 'Items' | 'Length' | 'Properties', word: string): string[] {
  const numberAt = (keyword: string): number | undefined => {
    const found = schema[keyword];
    return typeof found === 'number' ? found : undefined;
  };
  const [min = 0, max] = [numberAt(`min${what}`), numberAt(`max${what}`)];
  if (max === undefined) return min === 0 ? [] : [`at least ${min} ${word}`];
  return [min === 0 ? `at most ${max} ${word}` : `${min} to ${max} ${word}`];
}

function numbers(schema: StructuralSchema): string[] {
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  if (minimum === undefined && maximum === undefined) return [];
  if (maximum === undefined) return [`at least ${String(minimum)}`];
  return [minimum === undefined ? `at most ${maximum}` : `${minimum} to ${maximum}`];
}

function defaultOf(schema: StructuralSchema): string[] {
  const text = defaultText(schema);
  return text === '' ? [] : [`default ${text}`];
}

function defaultText({ default: given }: StructuralSchema): string {
  return given === undefined ? '' : `\`${JSON.stringify(given)}\``;
}

function validations(schema: StructuralSchema): string[] {
  return (schema['x-kubernetes-validations'] ?? []).map(({ message = '' }) => message);
}

/** Of the field and all below it. */
function allValidations(schema: StructuralSchema): string[] {
  const { items, properties, additionalProperties } = schema;
  const inner = [
    ...Object.values(properties ?? {}),
    ...(items ? [items] : []),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ];
  return [...validations(schema), ...inner.flatMap(allValidations)];
}

function rules(heading: string | undefined, messages: readonly string[]): string[] {
  if (messages.length === 0) return [];
  return [
    ...(heading === undefined
      ? ['Refused with one of these sentences:']
      : [`## ${heading}`, '', 'Refused with one of these sentences:']),
    '',
    ...[...new Set(messages)].map((message) => `- ${plain(message)}`),
    '',
  ];
}

function capital(text: string): string {
  return text.startsWith('`') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
