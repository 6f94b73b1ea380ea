/** Rules of the API: each is stated once and holds in the API server (CEL) and in this process alike. */
import type { z } from 'zod';

/** One rule about a value; `message` says what is wrong and how to put it right. */
export interface Rule<T> {
  /** CEL over `self`. */
  readonly rule: string;
  readonly message: string;
  /** The same rule for objects that no API server has seen. */
  readonly holds: (value: T) => boolean;
  /** Field below the value the rule is really about, for rules on the whole object. */
  readonly field?: readonly string[];
  /** A message that depends on the value: as CEL over `self`, and here. */
  readonly closer?: { readonly cel: string; readonly of: (value: T) => string };
}

/** Adds rules to those a schema has: checked by the parse, and written into the CRD beside the field. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  const checked = rules.reduce(
    (so, { holds, message, closer, field = [] }) =>
      so.refine(holds, { path: [...field], error: ({ input }) => closer?.of(input as z.output<S>) ?? message }),
    schema,
  );
  const before = (schema.meta()?.['x-kubernetes-validations'] ?? []) as readonly object[];
  return checked.meta({ 'x-kubernetes-validations': [...before, ...rules.map(validation)] });
}

/** Several rules as one, so that a value that breaks more than one is told only of the first. */
export function inOrder<T>(message: string, ...rules: readonly Rule<T>[]): Rule<T> {
  return {
    rule: rules.map(({ rule }) => `(${rule})`).join(' && '),
    message,
    holds: (value) => rules.every(({ holds }) => holds(value)),
    closer: {
      cel: rules.reduceRight(
        (rest, { rule, message: own }) => `!(${rule}) ? ${JSON.stringify(own)} : ${rest}`,
        JSON.stringify(message),
      ),
      of: (value) => rules.find(({ holds }) => !holds(value))?.message ?? message,
    },
  };
}

/** At least one of the rules holds. */
export function either<T>(message: string, ...rules: readonly Rule<T>[]): Rule<T> {
  return {
    rule: `(${rules.map(({ rule }) => rule).join(' || ')})`,
    message,
    holds: (value) => rules.some(({ holds }) => holds(value)),
  };
}

/** The text matches `pattern`, which must mean the same in RE2 and in JavaScript. */
export function matches(pattern: string, message: string): Rule<string> {
  const regExp = new RegExp(pattern);
  return { rule: `self.matches(${celText(pattern)})`, message, holds: (text) => regExp.test(text) };
}

/** The text does not match `pattern` anywhere. */
export function never(pattern: string, message: string): Rule<string> {
  const { rule, holds } = matches(pattern, message);
  return { rule: `!${rule}`, message, holds: (text) => !holds(text) };
}

/** Exactly one of the optional fields is given. */
export function exactlyOneOf(fields: readonly string[], message: string): Rule<object> {
  const given = fields.map((field) => `has(self.${field})`).join(', ');
  return {
    rule: `[${given}].exists_one(x, x)`,
    message,
    holds: (value) => fields.filter((field) => field in value).length === 1,
  };
}

/** A field may be given only together with one of others. */
export function onlyWithOneOf(field: string, others: readonly string[], message: string): Rule<object> {
  return {
    rule: `!has(self.${field}) || ${others.map((other) => `has(self.${other})`).join(' || ')}`,
    message,
    holds: (value) => !(field in value) || others.some((other) => other in value),
  };
}

/** One number is at most another of the same object. */
export function atMost<K extends string>(low: K, high: K, message: string): Rule<Record<K, number>> {
  return {
    rule: `self.${low} <= self.${high}`,
    message,
    holds: (value) => value[low] <= value[high],
  };
}

/** A rule as the CRD states it. */
export function validation<T>({ rule, message, closer, field }: Omit<Rule<T>, 'holds'>): Record<string, string> {
  return {
    rule,
    message,
    ...(closer ? { messageExpression: closer.cel } : {}),
    ...(field ? { fieldPath: field.map((name) => `.${name}`).join('') } : {}),
  };
}

/** A CEL raw string literal. */
function celText(text: string): string {
  if (text.includes("'")) throw new Error(`a pattern of a CEL rule must not contain a single quote: ${text}`);
  return `r'${text}'`;
}
