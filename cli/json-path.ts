/** The part of Kubernetes' JSONPath that printer columns use. */

/** One step of a path: a field, a list index, every element, or the elements with a field's value. */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'where'; readonly field: string; readonly value: string };

const patterns = {
  field: /^\.((?:\\.|[^.[\]\\])+)/,
  quoted: /^\['([^']*)'\]/,
  index: /^\[(\d+)\]/,
  all: /^(?:\[\*\]|\.\*)/,
  where: /^\[\?\(\s*@\.([A-Za-z_][\w-]*)\s*==\s*["']([^"']*)["']\s*\)\]/,
} as const;

/**
 * The values at a path such as `.status.conditions[?(@.type=="Ready")].status`; none when it leads nowhere.
 * @throws Error when the path uses what this getter does not know.
 */
export function valuesAt(object: unknown, path: string): readonly unknown[] {
  return parsePath(path).reduce<readonly unknown[]>((values, step) => values.flatMap((value) => follow(value, step)), [
    object,
  ]);
}

function parsePath(path: string): readonly Step[] {
  const steps: Step[] = [];
  for (let rest = path; rest !== '';) {
    const [step, length] = parseStep(rest, path);
    steps.push(step);
    rest = rest.slice(length);
  }
  return steps;
}

function parseStep(rest: string, path: string): [Step, number] {
  const all = patterns.all.exec(rest);
  if (all) return [{ kind: 'all' }, all[0].length];
  const field = patterns.field.exec(rest) ?? patterns.quoted.exec(rest);
  if (field) return [{ kind: 'field', name: (field[1] ?? '').replace(/\\(.)/g, '$1') }, field[0].length];
  const index = patterns.index.exec(rest);
  if (index) return [{ kind: 'index', index: Number(index[1]) }, index[0].length];
  const where = patterns.where.exec(rest);
  if (where) return [{ kind: 'where', field: where[1] ?? '', value: where[2] ?? '' }, where[0].length];
  throw new Error(`the JSONPath ${path} has a part that is not understood: ${rest}`);
}

function follow(value: unknown, step: Step): readonly unknown[] {
  switch (step.kind) {
    case 'field':
      return present(fieldOf(value, step.name));
    case 'index':
      return Array.isArray(value) ? present(value[step.index]) : [];
    case 'all':
      return elements(value);
    case 'where':
      return elements(value).filter((element) => fieldOf(element, step.field) === step.value);
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function elements(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function present(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : [value];
}
