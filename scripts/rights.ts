/** Compares the rights that operators used in a test run with those they are granted. Pure. */
import type { Rule } from '../operator/cluster/kubernetes/rights.ts';
import type { AskedRight, Right } from '../test/support/control-plane/used-rights.ts';

/** What is wrong, one line each. */
export interface Comparison {
  /** Nobody used it: no test does what it is for, or nothing is. */
  readonly unused: readonly string[];
  /** Refused, and granted to nobody. */
  readonly refused: readonly string[];
}

/** @param asked what the API servers were asked for. A test may take a right away: what is refused there is granted elsewhere */
export function compareRights(granted: readonly Rule[], asked: readonly AskedRight[]): Comparison {
  const rights = new Set(granted.flatMap(rightsOf).map(lineOf));
  const used = new Set(asked.filter(({ allowed }) => allowed).map(lineOf));
  return {
    unused: [...rights].filter((line) => !used.has(line)),
    refused: [...new Set(asked.map(lineOf))].filter((line) => !rights.has(line)),
  };
}

function rightsOf({ apiGroups, resources, verbs }: Rule): Right[] {
  return apiGroups.flatMap((apiGroup) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ apiGroup, resource, verb })))
  );
}

function lineOf({ apiGroup, resource, verb }: Right): string {
  return `${verb} ${resource}${apiGroup === '' ? '' : `.${apiGroup}`}`;
}
