/** Where in its file a fault of a manifest is: the line of the field it names, or that of the object. Pure. */
import { keyOf } from '../operator/cluster/cluster.ts';
import { laptopRules, readManifest } from '../operator/cluster/local/files/manifest.ts';
import { readYaml, type YamlDocument } from '../operator/cluster/local/files/yaml.ts';

/** Finds lines. */
export interface ManifestLines {
  /** A sentence that begins with `file:line: `, with the line of the field it goes on to name. */
  closer(problem: string): string;
  /** A sentence about a worker, `namespace/name`, behind its file and line. */
  of(worker: string, message: string): string;
  /** The file a worker is in. */
  fileOf(worker: string): string | undefined;
  /** The same about a line of its code. */
  ofCode(worker: string, codeLine: number, message: string, field?: string): string;
}

type Read = Extract<YamlDocument, { ok: true }>;

interface Place {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly document: Read | undefined;
}

/** Of what was read. @param texts by file */
export function linesOfManifests(texts: ReadonlyMap<string, string>, namespace: string): ManifestLines {
  const byStart = new Map<string, Place>();
  const byWorker = new Map<string, Place>();
  for (const [file, text] of texts) {
    const documents = readYaml(text).filter((document) => document.ok);
    for (const { object, where } of readManifest(text, file, { ...laptopRules, namespace }).objects) {
      const line = Number(where.slice(file.length + 1));
      const place = { file, line, text, document: documents.find((one) => one.line === line) };
      byStart.set(where, place);
      if (object.kind === 'RedisWorker' && !byWorker.has(keyOf(object.metadata))) {
        byWorker.set(keyOf(object.metadata), place);
      }
    }
  }
  const at = (place: Place | undefined, message: string): number | undefined => place && lineOfField(place, message);
  return {
    closer(problem) {
      const [, where = '', rest = ''] = /^(.+?:\d+): (.*)$/s.exec(problem) ?? [];
      const place = byStart.get(where);
      return place === undefined ? problem : `${place.file}:${at(place, rest) ?? place.line}: ${rest}`;
    },
    of(worker, message) {
      const place = byWorker.get(worker);
      return place === undefined
        ? `${worker}: ${message}`
        : `${place.file}:${at(place, message) ?? place.line}: RedisWorker ${worker}: ${message}`;
    },
    fileOf: (worker) => byWorker.get(worker)?.file,
    ofCode(worker, codeLine, message, code = 'spec.source.inline') {
      const place = byWorker.get(worker);
      if (place === undefined) return `${worker}: ${code}:${codeLine}: ${message}`;
      const field = at(place, code) ?? place.line;
      const isBlock = /\|[-+\d]*\s*(#.*)?$/.test(place.text.split('\n')[field - 1] ?? '');
      const line = isBlock ? field + codeLine : field;
      return `${place.file}:${line}: RedisWorker ${worker}: line ${codeLine} of ${code}: ${message}`;
    },
  };
}

/** Of a field the sentence names, the deepest part that is there. */
function lineOfField({ document, line }: Place, sentence: string): number | undefined {
  const path = /\b(?:spec|metadata)(?:\.\w+|\[\d+\])*/.exec(sentence)?.[0];
  if (path === undefined || document === undefined) return undefined;
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '').map((
    step,
  ) => (/^\d+$/.test(step) ? Number(step) : step));
  let value: unknown = document.value;
  const known: PropertyKey[] = [];
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !(step in value)) break;
    value = (value as Record<PropertyKey, unknown>)[step];
    known.push(step);
  }
  return known.length === 0 ? line : document.lineOf(known);
}
