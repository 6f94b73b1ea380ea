import { expect, test } from 'vitest';
import { junitOf } from './junit.ts';
import { isAllPassed, type SpecOutcome } from './outcome.ts';
import { linesOf } from './told.ts';

const outcome: SpecOutcome = {
  file: 'a.yaml',
  cases: [
    { name: 'greets', where: 'a.yaml:3', ms: 12.4, ref: 'r1', differences: [] },
    {
      name: 'says <who> & why',
      where: 'a.yaml:9',
      ms: 8,
      ref: 'r2',
      differences: [
        { path: 'code', expected: '400', found: '200' },
        { path: 'data.more', found: '{"a":1}' },
        { path: 'data.text', expected: '"one\\ntwo\\nthree"', found: '"one\\n2\\nthree"' },
      ],
    },
    { name: 'answers', where: 'a.yaml:20', ref: 'r3', differences: [], fault: 'no reply from "w" within 1 s' },
  ],
};

test('people read what was expected and what came, place by place', () => {
  expect(linesOf([outcome], false)).toEqual([
    'a.yaml',
    '  ✓ greets (12 ms)',
    '  ✗ says <who> & why (8 ms)',
    '      a.yaml:9, ref r2',
    '      code',
    '        - 400',
    '        + 200',
    '      data.more',
    '        - nothing',
    '        + {"a":1}',
    '      data.text',
    '        - …',
    '        - two',
    '        - …',
    '        + …',
    '        + 2',
    '        + …',
    '  ✗ answers',
    '      a.yaml:20, ref r3',
    '      no reply from "w" within 1 s',
    '',
    '1 of 3 cases passed',
  ]);
  expect(linesOf([outcome], true).join('')).toContain('\u001b[31m');
});

test('what was not run is told with its reason, and does not count as passed', () => {
  const unrun = { file: 'b.yaml', cases: [], fault: 'no Redis\n  there' };
  expect(linesOf([unrun], false)).toEqual([
    'b.yaml',
    '  ✗ not run:',
    '  no Redis',
    '    there',
    '',
    '0 of 0 cases passed, 1 spec not run',
  ]);
  expect(isAllPassed([unrun])).toBe(false);
  expect(junitOf([unrun])).toContain('tests="1" failures="0" errors="1"');
});

test('CI reads a suite for each file and a failure with all that differs', () => {
  const xml = junitOf([outcome]);
  expect(xml).toContain('<testsuite name="a.yaml" tests="3" failures="2" errors="0" time="0.020">');
  expect(xml).toContain('<testcase name="greets" classname="a.yaml" time="0.012"/>');
  expect(xml).toContain('<testcase name="says &lt;who&gt; &amp; why" classname="a.yaml" time="0.008">');
  expect(xml).toContain('<failure message="code: expected 400, found 200">a.yaml:9&#10;code: expected 400, found 200');
  expect(junitOf([{ file: 'c\u0007', cases: [] }])).toContain('name="c\uFFFD"');
});
