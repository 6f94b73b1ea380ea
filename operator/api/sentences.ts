/** Turns the faults a parse finds into sentences a user can act on. */
import type { z } from 'zod';
import { type JsonValue, valueAt } from './json.ts';

type Issue = z.core.$ZodIssue;

/** One sentence per field at fault: path, value, what is wrong and how to put it right. */
export function sentencesOf(error: z.ZodError, given: JsonValue): string[] {
  const firstPerField = new Map<string, string>();
  for (const issue of error.issues) {
    const path = pathOf(issue.path);
    const value = valueAt(given, issue.path);
    if (!firstPerField.has(path)) firstPerField.set(path, `${path}: ${shown(value)}${reasonOf(issue, value)}.`);
  }
  return [...firstPerField.values()];
}

/** `spec.consumers.ids[2]` */
export function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the object';
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('').replace(/^\./, '');
}

/** Short scalars are quoted, for they are what the user must look for; what may hold credentials is not. */
function shown(value: JsonValue | undefined): string {
  if (typeof value === 'string' && value.length <= 80 && !/[@=]/.test(value)) return `"${value}": `;
  return typeof value === 'number' || typeof value === 'boolean' ? `${value}: ` : '';
}

function reasonOf(issue: Issue, value: JsonValue | undefined): string {
  if (value === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) return 'must be given';
  if (issue.code === 'too_small' && value === '') return 'must not be empty';
  if (issue.code === 'too_big') return `must ${bound(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === 'too_small') return `must ${bound(issue.origin)} at least ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === 'invalid_type') return `must be ${article(issue.expected)}`;
  if (issue.code === 'invalid_value') return `must be ${issue.values.map((one) => `"${String(one)}"`).join(' or ')}`;
  if (issue.code === 'invalid_union') return 'must be a whole number or text';
  return issue.message;
}

function bound(origin: string): string {
  return unit(origin) === '' ? 'be' : 'have';
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' || origin === 'set' ? ' items' : '';
}

function article(expected: string): string {
  if (expected === 'int') return 'a whole number';
  if (expected === 'string') return 'text';
  if (expected === 'boolean') return 'true or false';
  if (expected === 'record') return 'a map';
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}
