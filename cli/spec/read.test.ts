import { expect, test } from 'vitest';
import { Failure } from '../failure.ts';
import { readSpec } from './read.ts';

function faults(text: string): string[] {
  try {
    readSpec(text, 'a.yaml');
  } catch (error) {
    if (error instanceof Failure) return [String(error.exitCode), ...error.message.split('\n')];
    throw error;
  }
  return [];
}

test('a spec is read with the line of each case', () => {
  const spec = readSpec(
    `worker: greeter.yaml
type: greeter
cases:
  - name: greets
    data: { name: Ada }
    expect: { data: { greeting: 'Hello, Ada!' } }
  - name: another
    type: other
    fields: { width: '80' }
    timeoutSeconds: 5
    expect: { code: 404 }
`,
    'a.yaml',
  );
  expect(spec).toEqual({
    file: 'a.yaml',
    worker: ['greeter.yaml'],
    cases: [
      {
        name: 'greets',
        type: 'greeter',
        where: 'a.yaml:4',
        fields: { data: '{"name":"Ada"}' },
        ref: undefined,
        timeoutSeconds: 30,
        expect: { data: { greeting: 'Hello, Ada!' } },
      },
      {
        name: 'another',
        type: 'other',
        where: 'a.yaml:7',
        fields: { width: '80' },
        ref: undefined,
        timeoutSeconds: 5,
        expect: { code: 404 },
      },
    ],
  });
});

test('a case with a script sends a task', () => {
  const text = `type: pricing
queue: rhai_tasks:02ab
cases:
  - name: adds
    script: 40 + 2
    caller: 03d4
    expect: { output: '42' }
`;
  expect(readSpec(text, 'a.yaml').cases).toMatchObject([
    { task: { script: '40 + 2', caller: '03d4' }, queue: 'rhai_tasks:02ab', fields: {}, expect: { output: '42' } },
  ]);
});

test('JSON is a spec too', () => {
  const text = JSON.stringify({ type: 'w', cases: [{ name: 'a', expect: {} }] });
  expect(readSpec(text, 'a.json').cases).toMatchObject([{ name: 'a', where: 'a.json:1' }]);
});

const one = (expectation: string): string => `type: w\ncases:\n  - name: a\n    expect:\n      ${expectation}\n`;

test.each([
  ['', 'a.yaml:1: the spec is empty: it needs cases'],
  ['cases: [', 'a.yaml:1: this is not YAML: '],
  ['type: w\ncases: []\n', 'a.yaml:2: cases: must have at least 1 items'],
  ['type: w\n', 'a.yaml:1: cases: must be given'],
  [one('cod: 200'), 'a.yaml:5: there is no field "cases[0].expect.cod"'],
  [one('code: soon'), 'a.yaml:5: cases[0].expect.code: "soon": must be a number'],
  [one('data: { id: { $any: uid } }'), 'a.yaml:5: cases[0].expect.data.id: $any takes one of value, string, '],
  [one('data: { $any: uuid, b: 1 }'), 'a.yaml:5: cases[0].expect.data: $any stands alone in its map'],
  [one('data: [{ $matches: "(" }]'), 'a.yaml:5: cases[0].expect.data[0]: $matches takes a regular expression'],
  [one('data: { $like: a }'), 'a.yaml:5: cases[0].expect.data: there is no placeholder $like: there are $any, '],
  [one('trace: { w: { $contains: 1 } }'), 'a.yaml:5: cases[0].expect.trace.w: $contains takes a map or a list'],
  ['cases:\n  - name: a\n    expect: {}\n', 'a.yaml:2: cases[0]: no type: name the worker type here'],
  [
    'type: w\ncases:\n  - name: a\n    fields: { ref: x }\n    expect: {}\n',
    'a.yaml:4: cases[0].fields.ref is not a further field',
  ],
  [one('output: x'), 'a.yaml:5: cases[0].expect.output: is of tasks: it takes "script"'],
  [
    'type: w\ncases:\n  - name: a\n    script: 1\n    expect: {}\n',
    'a.yaml:4: cases[0].script: 1: must be text',
  ],
  [
    'type: w\ncases:\n  - name: a\n    script: "1"\n    data: 1\n    expect: {}\n',
    'a.yaml:5: cases[0].data: is of requests, and a case with "script" sends a task',
  ],
  ['type: w\ncases:\n  - name: a\n    expect: {}\n---\ntype: v\n', 'a.yaml:6: a file holds one spec'],
])('%j is refused in a sentence with its line', (text, sentence) => {
  const [code, first = '', ...more] = faults(text);
  expect(first).toContain(sentence);
  expect(first.startsWith(sentence.slice(0, 8))).toBe(true);
  expect([code, more]).toEqual(['2', []]);
});
