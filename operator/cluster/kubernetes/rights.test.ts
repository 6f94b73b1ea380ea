import { expect, test } from 'vitest';
import { leaseRules, metricsAuthRules, peopleRoles, servedRules } from './rights.ts';

const everything = [...servedRules, ...leaseRules('lease'), ...metricsAuthRules];

test('the operator is granted nothing by a star', () => {
  const words = everything.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
  expect(words.filter((word) => word.includes('*'))).toEqual([]);
});

test('Secrets are read by their name alone, and never deleted', () => {
  const secrets = servedRules.filter(({ resources }) => resources.includes('secrets'));
  expect(secrets.map(({ verbs }) => verbs)).toEqual([['get', 'create', 'patch']]);
});

test('each role of people holds all that the one before it holds', () => {
  const rights = peopleRoles.map(({ rules }) =>
    rules.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)))
  );
  rights.slice(1).forEach((more, at) => expect(more).toEqual(expect.arrayContaining(rights[at]!)));
});
