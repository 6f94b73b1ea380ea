import { expect, test } from 'vitest';
import { askedRights } from '../test/support/control-plane/used-rights.ts';
import type { AuditEntry } from '../test/support/control-plane/audit-log.ts';
import { compareRights } from './rights.ts';

const entry = (verb: string, resource: string, code: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  verb,
  requestURI: '/',
  user: { username: 'system:serviceaccount:n:redisworker-operator' },
  userAgent: 'redisworker-operator',
  objectRef: { resource, apiGroup: 'apps' },
  responseStatus: { code },
  stageTimestamp: '',
  ...more,
});
const rule = (...verbs: string[]) => [{ apiGroups: ['apps'], resources: ['deployments'], verbs }];

test('an operator that used what it is granted, and was refused nothing, has nothing to be told', () => {
  const asked = askedRights([entry('list', 'deployments', 200), entry('list', 'deployments', 200)]);
  expect(compareRights(rule('list'), asked)).toEqual({ unused: [], refused: [] });
});

test('what is granted and not used is told, and what is asked for and not granted', () => {
  const asked = askedRights([entry('list', 'deployments', 200), entry('delete', 'deployments', 403)]);
  expect(compareRights(rule('list', 'watch'), asked)).toEqual({
    unused: ['watch deployments.apps'],
    refused: ['delete deployments.apps'],
  });
});

test('a right that a test took away is no right that is missing', () => {
  const asked = askedRights([entry('list', 'deployments', 403), entry('list', 'deployments', 200)]);
  expect(compareRights(rule('list'), asked)).toEqual({ unused: [], refused: [] });
});

test('an apply that creates used the rights to patch and to create', () => {
  expect(askedRights([entry('patch', 'deployments', 201)]).map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
    'patch deployments',
    'create deployments',
  ]);
});

test('what others ask for, or an administrator, does not count', () => {
  const admin = entry('list', 'deployments', 200, { user: { username: 'admin' } });
  const kubectl = entry('list', 'deployments', 200, { userAgent: 'kubectl/v1.36.0' });
  expect(askedRights([admin, kubectl])).toEqual([]);
});

test('a request of nobody, whose token was no longer known, uses no right', () => {
  expect(askedRights([entry('list', 'deployments', 401, { user: {} })])).toEqual([]);
});
