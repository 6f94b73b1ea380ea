/** Manifests that no API server has seen get the same judgement, in the same words where the words are ours. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { openApiSchema } from './crd.ts';
import { manifestProblems } from './redisworker.ts';

const root = fileURLToPath(new URL('../../examples/', import.meta.url));
const ourWords = JSON.stringify(openApiSchema());

function workersOf(file: string): object[] {
  const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((document) =>
    document.toJS() as { kind?: string }
  );
  return documents.filter(({ kind }) => kind === 'RedisWorker');
}

describe('without an API server', () => {
  test.each(globSync(`${root}invalid/*.yaml`).map((file) => [basename(file), file]))('%s is refused', (_, file) => {
    const [comment = ''] = readFileSync(file, 'utf8').split('\n');
    const message = comment.replace(/^# /, '');
    const problems = workersOf(file).flatMap((worker) => manifestProblems(worker));
    expect(problems).toHaveLength(1);
    const isOurs = ourWords.includes(JSON.stringify(message).slice(1, -1)) ||
      message.startsWith('strict decoding error');
    if (isOurs) expect(problems[0]).toContain(message);
  });

  test.each(globSync(`${root}*.yaml`).map((file) => [basename(file), file]))('%s is accepted', (_, file) => {
    expect(workersOf(file).flatMap((worker) => manifestProblems(worker))).toEqual([]);
  });
});
