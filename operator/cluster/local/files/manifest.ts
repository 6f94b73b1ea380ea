/** A manifest file's text as objects, or what is wrong with it. Pure. */
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubeObject } from '../../cluster.ts';

/** Says whether an object may be written; problems are one sentence each. Called for RedisWorkers. */
export type Validate = (
  object: KubeObject,
  previous: KubeObject | undefined,
) => { readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] };

/** Objects of a file, or one sentence per problem; never both. */
export type Manifest =
  | { readonly ok: true; readonly objects: readonly KubeObject[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The kinds a laptop runs from files. */
const kinds: Readonly<Record<string, string>> = {
  RedisWorker: 'redisworker.dev/v1alpha1',
  ConfigMap: 'v1',
  Secret: 'v1',
  Service: 'v1',
};

const shape = z.looseObject({
  apiVersion: z.string('apiVersion is missing'),
  kind: z.string('kind is missing'),
  metadata: z.looseObject({
    name: z.string('metadata.name is missing').min(1, 'metadata.name is empty'),
    namespace: z.string().default('default'),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }, 'metadata is missing'),
});

/** Reads every document of a YAML or JSON text; `file` names it in the problems. */
export function readManifest(text: string, file: string): Manifest {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false }) as Document[];
  const results = documents
    .filter((document) => document.errors.length > 0 || (document.contents !== null && document.toJS() !== null))
    .map((document) => readDocument(document, lines, file));
  const problems = results.flatMap((result) => (result.ok ? [] : result.problems));
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, objects: results.flatMap((result) => (result.ok ? result.objects : [])) };
}

function readDocument(document: Document, lines: LineCounter, file: string): Manifest {
  const [error] = document.errors;
  if (error !== undefined) {
    return problem(`${file}:${lines.linePos(error.pos[0]).line}: this is not YAML: ${error.message}`);
  }
  const where = `${file}:${lines.linePos(document.contents?.range?.[0] ?? 0).line}`;
  const parsed = shape.safeParse(document.toJS());
  if (!parsed.success) {
    return problem(`${where}: ${parsed.error.issues[0]?.message ?? 'this is not a Kubernetes object'}`);
  }
  const { apiVersion, kind } = parsed.data;
  if (kinds[kind] === undefined) {
    return problem(
      `${where}: a ${kind} is not run on a laptop; take it out, only ${Object.keys(kinds).join(', ')} are`,
    );
  }
  if (kinds[kind] !== apiVersion) {
    return problem(`${where}: apiVersion of a ${kind} must be ${kinds[kind]}, not ${apiVersion}`);
  }
  return { ok: true, objects: [parsed.data as KubeObject] };
}

function problem(sentence: string): Manifest {
  return { ok: false, problems: [sentence] };
}
