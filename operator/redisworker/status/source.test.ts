/** What SourceResolved and status.source tell of the code of each kind of work. */
import { expect, test } from 'vitest';
import { hatsWorker, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { ObservedSpec } from '../model/observed.ts';
import { missing } from '../model/problem.ts';
import { planOf } from '../plan/index.ts';
import { statusOf } from './index.ts';

function told(object: KubeObject, spec: Partial<ObservedSpec> = {}) {
  const of = observed(object, { spec });
  const { conditions = [], source } = statusOf(of, planOf(of), undefined, undefined);
  const found = conditions.find(({ type }) => type === 'SourceResolved');
  return { source, condition: `${found?.status} ${found?.reason}: ${found?.message}` };
}

const source = { inline: '1' };

test('of a module its size and its digest are told', () => {
  const { source, condition } = told(worker('w'));
  expect(condition).toBe(`True Resolved: ${source?.bytes} bytes, ${source?.digest}`);
});

test('where the code is scripts or modules, they are counted, and there is no digest', () => {
  const scripts = {
    threads: [{ name: 'a.js', source }],
    jobs: ['b.js', 'c.js'].map((name) => ({ name, source, cron: '@hourly' })),
  };
  expect(told(hatsWorker('w', { hats: scripts }))).toEqual({
    source: undefined,
    condition: 'True Resolved: 3 scripts: 1 thread, 2 jobs',
  });
  const endpoints = [{ path: '/', source }];
  expect(told(hatsWorker('w', { http: {}, hats: { endpoints } })).condition).toBe(
    'True Resolved: 1 script: 1 endpoint',
  );
  expect(told(hatsWorker('w')).condition).toBe('True Resolved: 0 scripts');
  const spec = { runtime: 'Modules', modules: [{ name: 'a', source }] };
  expect(told({ ...worker('w'), spec })).toEqual({ source: undefined, condition: 'True Resolved: 1 module' });
});

test('a ConfigMap of a script that is not there is told', () => {
  const problem = missing('ConfigMapNotFound', 'ConfigMap "scripts" of spec.hats does not exist');
  expect(told(hatsWorker('w'), { texts: { ok: false, problem } }).condition).toBe(
    `False ConfigMapNotFound: ${problem.message}`,
  );
});
