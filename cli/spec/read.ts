/** Reads a test spec, or says in one sentence what is wrong with it, with file and line. Pure. */
import type { z } from 'zod';
import type { JsonValue } from '../../operator/api/json.ts';
import { pathOf, sentencesOf } from '../../operator/api/sentences.ts';
import { readYaml } from '../../operator/cluster/local/files/yaml.ts';
import { exitCodes, Failure } from '../failure.ts';
import { placeholderFault } from './placeholder.ts';
import { type Expectation, specSchema } from './schema.ts';

/** A request or a task, and what is expected. */
export interface Case {
  readonly name: string;
  readonly type: string;
  /** `file:line` */
  readonly where: string;
  /** Of a task, which is then sent in the place of a request. */
  readonly task?: { readonly script: string; readonly caller: string };
  /** List of tasks of a worker nobody here knows. */
  readonly queue?: string;
  /** Fields but `ref` and `type`. */
  readonly fields: Readonly<Record<string, string>>;
  readonly ref?: string | undefined;
  readonly timeoutSeconds: number;
  readonly expect: Expectation;
}

/** One file of cases. */
export interface Spec {
  readonly file: string;
  /** Manifests to start, relative to the file. */
  readonly worker: readonly string[];
  readonly cases: readonly Case[];
}

/** @throws Failure (usage) with every fault of the text, each in a line */
export function readSpec(text: string, file: string): Spec {
  const [document, second] = readYaml(text);
  if (document === undefined) throw refusal([`${file}:1: the spec is empty: it needs cases`]);
  if (!document.ok) throw refusal([`${file}:${document.line}: ${document.problem}`]);
  if (second !== undefined) {
    throw refusal([`${file}:${second.line}: a file holds one spec: put the cases of this one into another file`]);
  }
  const { value } = document;
  const at = (path: readonly PropertyKey[]): string => `${file}:${document.lineOf(known(path, value))}`;
  const parsed = specSchema.safeParse(value);
  if (!parsed.success) throw refusal(faultsOf(parsed.error, value as JsonValue, at));
  const { worker = [], type, queue, timeoutSeconds, cases } = parsed.data;
  const faults = cases.flatMap(({ expect, type: own, ...words }, index) => [
    ...(own ?? type) === undefined
      ? [[['cases', index], 'no type: name the worker type here, or above for all cases'] as const]
      : [],
    ...kindFaults(words, expect).map(([path, fault]) => [['cases', index, ...path], fault] as const),
    ...placeholderFaults(expect, ['cases', index, 'expect']),
  ]);
  if (faults.length > 0) throw refusal(faults.map(([path, fault]) => `${at(path)}: ${pathOf(path)}: ${fault}`));
  return {
    file,
    worker: [worker].flat(),
    cases: cases.map((one, index) => ({
      name: one.name,
      type: one.type ?? type ?? '',
      where: at(['cases', index]),
      ...(one.script === undefined ? {} : { task: { script: one.script, caller: one.caller ?? '' } }),
      ...(queue === undefined ? {} : { queue }),
      fields: { ...(one.data === undefined ? {} : { data: JSON.stringify(one.data) }), ...one.fields },
      ref: one.ref,
      timeoutSeconds: one.timeoutSeconds ?? timeoutSeconds,
      expect: one.expect,
    })),
  };
}

type Path = readonly PropertyKey[];

/** Words that requests have and tasks have not, and the other way round. */
const ofRequests = { case: ['data', 'fields'], expect: ['code', 'data', 'err', 'trace'] } as const;
const ofTasks = { case: ['caller'], expect: ['output', 'error'] } as const;

function kindFaults(words: { readonly script?: string }, expect: Expectation): (readonly [Path, string])[] {
  const isTask = words.script !== undefined;
  const others = isTask ? ofRequests : ofTasks;
  const fault = isTask ? 'is of requests, and a case with "script" sends a task' : 'is of tasks: it takes "script"';
  return [
    ...others.case.filter((name) => Object.hasOwn(words, name)).map((name) => [[name], fault] as const),
    ...others.expect.filter((name) => Object.hasOwn(expect, name)).map((name) => [['expect', name], fault] as const),
  ];
}

function faultsOf(error: z.ZodError, value: JsonValue, at: (path: Path) => string): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) =>
        `${at([...issue.path, key])}: there is no field "${pathOf([...issue.path, key])}"`
      );
    }
    if (issue.code === 'invalid_key') {
      return [`${at(issue.path)}: ${pathOf(issue.path)} ${issue.issues[0]?.message ?? 'is no key'}`];
    }
    const [sentence = ''] = sentencesOf({ issues: [issue] } as unknown as z.ZodError, value);
    return [`${at(issue.path)}: ${sentence.replace(/\.$/, '')}`];
  });
}

function placeholderFaults(value: unknown, path: Path): (readonly [Path, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  const fault = placeholderFault(value);
  if (fault !== undefined) return [[path, fault]];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => placeholderFaults(inner, [...path, key as PropertyKey]));
}

/** The longest beginning of a path that leads somewhere: what is missing has no line. */
function known(path: Path, value: unknown): Path {
  let inner = value;
  const steps: PropertyKey[] = [];
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !(step in inner)) break;
    inner = (inner as Record<PropertyKey, unknown>)[step];
    steps.push(step);
  }
  return steps;
}

function refusal(sentences: readonly string[]): Failure {
  return new Failure(sentences.join('\n'), exitCodes.usage);
}
