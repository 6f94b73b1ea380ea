/** The objects of a manifest file, or what is wrong with each: as `kubectl apply` would take or refuse them. Pure. */
import { z } from 'zod';
import type { KubeObject } from '../../cluster.ts';
import { describe, isJsonObject, type JsonObject, refTo } from '../store/objects.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** Says what is wrong with an object, one sentence each. Called for RedisWorkers; `previous` is what runs now. */
export type Validate = (object: KubeObject, previous: KubeObject | undefined) => readonly string[];

/** An object of a file, and what is wrong with it: then its last good form goes on. */
export interface FoundObject {
  readonly object: KubeObject;
  /** `file:line` */
  readonly where: string;
  readonly problems: readonly string[];
}

/** What a file holds. */
export interface Manifest {
  readonly objects: readonly FoundObject[];
  /** What cannot be told to be an object at all, one sentence each. While there is any, nothing of this file is gone. */
  readonly problems: readonly string[];
  /** What is left out on a laptop, one sentence each. */
  readonly notes: readonly string[];
}

/** What is read of a file. */
export interface ManifestRules {
  /** The kinds, and the apiVersion of each. */
  readonly kinds: ReadonlyMap<string, string>;
  /** Namespace of what names none. */
  readonly namespace: string;
  /** What a server wrote, and is kept. */
  readonly keeps: readonly (typeof serversFields)[number][];
}

/** What a laptop runs from files. */
export const laptopRules: ManifestRules = {
  kinds: new Map([
    ['RedisWorker', 'redisworker.dev/v1alpha1'],
    ['ConfigMap', 'v1'],
    ['Secret', 'v1'],
    ['Service', 'v1'],
  ]),
  namespace: 'default',
  keeps: [],
};

/** Reads every document of a YAML or JSON text, and every item of a List; `file` names it in the sentences. */
export function readManifest(text: string, file: string, rules = laptopRules): Manifest {
  const parts = readYaml(text).flatMap((document) => readDocument(document, file, rules));
  return {
    objects: parts.flatMap((part) => ('object' in part ? [part] : [])),
    problems: parts.flatMap((part) => ('problem' in part ? [part.problem] : [])),
    notes: parts.flatMap((part) => ('note' in part ? [part.note] : [])),
  };
}

type Part = FoundObject | { readonly problem: string } | { readonly note: string };

function readDocument(document: YamlDocument, file: string, rules: ManifestRules): Part[] {
  if (!document.ok) return [{ problem: `${file}:${document.line}: ${document.problem}` }];
  const { value } = document;
  if (!isList(value)) return [readObject(value, `${file}:${document.line}`, rules)];
  return value.items.map((item, at) => readObject(item, `${file}:${document.lineOf(['items', at])}`, rules));
}

/** `kubectl get -o yaml` and `status -o yaml` print several objects as one. */
function isList(value: unknown): value is { items: readonly unknown[] } {
  return isJsonObject(value) && /List$/.test(String(value['kind'])) && Array.isArray(value['items']);
}

function readObject(value: unknown, where: string, rules: ManifestRules): Part {
  const head = headShape.safeParse(value);
  if (!head.success) return { problem: `${where}: ${firstProblem(head.error, value)}` };
  const { apiVersion, kind } = head.data;
  const served = rules.kinds.get(kind);
  if (served === undefined) {
    const known = [...rules.kinds.keys()].join(', ');
    return { note: `${where}: a ${kind} is left out: a laptop runs ${known} and has no use for it` };
  }
  if (served !== apiVersion) {
    return { problem: `${where}: apiVersion of a ${kind} must be ${served}, not ${apiVersion}` };
  }
  const named = namedShape.safeParse(value);
  if (!named.success) return { problem: `${where}: ${kind}: ${firstProblem(named.error, value)}` };
  const object = withoutServersPart(value as KubeObject, rules.namespace);
  const checked = (shapes.get(kind) ?? z.looseObject({ metadata })).safeParse(object);
  const label = `${where}: ${describe(kind, refTo(object))}: `;
  return {
    object: withServersPart(object, value as KubeObject, rules.keeps),
    where,
    problems: checked.success ? [] : sentences(checked.error, object).map((one) => label + one),
  };
}

/** Without what a server writes, which `-o yaml` prints along; in this namespace unless another is named. */
function withoutServersPart(object: KubeObject, namespace: string): KubeObject {
  const rest: KubeObject = { ...object, metadata: { namespace, ...object.metadata } };
  delete rest.status;
  for (const field of serversFields) Reflect.deleteProperty(rest.metadata, field);
  return rest;
}

function withServersPart(object: KubeObject, given: KubeObject, keeps: ManifestRules['keeps']): KubeObject {
  const kept = keeps.flatMap((field) => {
    const value: unknown = (given.metadata as unknown as Record<string, unknown>)[field];
    return typeof value === 'string' ? [[field, value] as const] : [];
  });
  return kept.length === 0 ? object : { ...object, metadata: { ...object.metadata, ...Object.fromEntries(kept) } };
}

const serversFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
] as const;

const headShape = z.looseObject({ apiVersion: z.string(), kind: z.string() });
const namedShape = z.looseObject({
  metadata: z.looseObject({ name: z.string().min(1, 'must not be empty'), namespace: z.string().optional() }),
});

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelKey = /^([a-z0-9][-a-z0-9.]{0,252}\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
const dataKey = /^[-\w.]{1,253}$/;

const metadata = z.strictObject({
  name: z.string().max(253).regex(
    subdomain,
    'must be lower-case letters, digits, "-" and ".", with a letter or digit at both ends (a lowercase RFC 1123 subdomain)',
  ),
  namespace: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be the name of a namespace'),
  labels: z.record(
    z.string().regex(labelKey, 'must be the key of a label'),
    z.string().regex(labelValue, 'must be the value of a label: at most 63 letters, digits, "-", "_" and "."'),
  ).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(z.looseObject({ uid: z.string() })).optional(),
  generateName: z.string().optional(),
});

const key = z.string().regex(dataKey, 'must be letters, digits, "-", "_" and "."');
const base64 = z.string().regex(
  /^(?:[A-Za-z0-9+/]{4}|\s)*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\s*$/,
  'must be base64; text as it is goes into stringData of a Secret or data of a ConfigMap',
);
const common = { apiVersion: z.string(), kind: z.string(), metadata, immutable: z.boolean().optional() };

/** What an API server would check of the kinds that have no schema of ours. */
const shapes = new Map<string, z.ZodType>([
  [
    'ConfigMap',
    z.strictObject({
      ...common,
      data: z.record(key, z.string()).optional(),
      binaryData: z.record(key, base64).optional(),
    }),
  ],
  [
    'Secret',
    z.strictObject({
      ...common,
      type: z.string().optional(),
      data: z.record(key, base64).optional(),
      stringData: z.record(key, z.string()).optional(),
    }),
  ],
]);

function firstProblem(error: z.ZodError, value: unknown): string {
  return sentences(error, value)[0] ?? 'this is no object';
}

/** One sentence per fault: the field, what is wrong and how to put it right. Never a value: it may be a secret. */
function sentences({ issues }: z.ZodError, value: unknown): string[] {
  return issues.flatMap((issue) => {
    const field = issue.path.map(String).join('.') || 'the document';
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => `strict decoding error: unknown field "${[...issue.path, name].join('.')}"`);
    }
    if (issue.code === 'invalid_key') return [`${field}: ${issue.issues[0]?.message ?? 'is no key'}`];
    if (issue.code !== 'invalid_type') return [`${field} ${issue.message}`];
    const found = valueAt(value, issue.path);
    if (found === undefined) return [`${field} is missing`];
    const quoted = issue.expected === 'string' && !isJsonObject(found) ? ': put it in quotes' : '';
    return [`${field} must be ${nouns[issue.expected] ?? issue.expected}, not ${typeName(found)}${quoted}`];
  });
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  boolean: 'true or false',
};

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, step) => (at as JsonObject | undefined)?.[String(step)], value);
}
