/**
 * Ends a whole test run: the operator has to have used every right it is granted, and asked for no other.
 * `node scripts/check-rights.ts FOLDER`, where the tests on API servers left what they were asked for; what was found is
 * written there as `rights.json`.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, stdout } from 'node:process';
import { leaseRules, metricsAuthRules, servedRules } from '../operator/cluster/kubernetes/rights.ts';
import type { AskedRight } from '../test/support/control-plane/used-rights.ts';
import type { Outcome } from './count.ts';
import { compareRights } from './rights.ts';

const [, , folder = '.'] = argv;
const files = (project: string): string[] => globSync(join(folder, `rights-${project}-*.json`));
const projects = ['cluster', 'node'];
const missing = projects.filter((project) => files(project).length === 0);
const asked = projects.flatMap(files).flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as AskedRight[]);
const { unused, refused } = compareRights([...servedRules, ...leaseRules('lease'), ...metricsAuthRules], asked);

const source = 'operator/cluster/kubernetes/rights.ts';
const failures = [
  ...refused.map((right) => `asked for and not granted: ${right}. Grant it in ${source}, or do not ask`),
  ...(missing.length > 0 ? [] : unused).map((right) =>
    `granted and not used: ${right}. Take it out of ${source}, or test what it is for`
  ),
];
if (missing.length > 0) {
  stdout.write(
    `which rights nobody used is not known: no API server was started by the tests of ${missing.join(' and ')}\n`,
  );
}
const outcome: Outcome = {
  count: { passed: failures.length === 0 ? 1 : 0, failed: failures.length, skipped: missing.length > 0 ? 1 : 0 },
  failures,
  failedFiles: [],
};
writeFileSync(join(folder, 'rights.json'), JSON.stringify(outcome));
if (failures.length > 0) process.exitCode = 1;
