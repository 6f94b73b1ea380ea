import { describe, expect, test } from 'vitest';
import { readYaml } from './yaml.ts';

/** The value of a text with one document, or its problem. */
function read(text: string): unknown {
  const documents = readYaml(text);
  expect(documents).toHaveLength(1);
  const [document] = documents;
  return document?.ok === true ? document.value : `${document?.line}: ${document?.problem}`;
}

/** Measured with the YAML decoder of kubectl 1.36. */
describe('a word without quotes means what it means to kubectl', () => {
  test.each([
    ['010', 8],
    ['0o10', 8],
    ['08', 8],
    ['-010', -8],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['+5', 5],
    ['1.10', 1.1],
    ['1e3', 1000],
    ['.5', 0.5],
    ['1_0.5', 10.5],
    ['-0', 0],
    ['1e400', '1e400'],
    ['12:30', '12:30'],
    ['2001-12-14', '2001-12-14'],
    ['_1', '_1'],
    ['0b2', '0b2'],
    ['y', true],
    ['N', false],
    ['yes', true],
    ['no', false],
    ['On', true],
    ['off', false],
    ['tRUE', 'tRUE'],
    ['~', null],
    ['Null', null],
    ['', null],
    ["'no'", 'no'],
    ['"010"', '010'],
    ['!!str 5', '5'],
    ["!!int '5'", 5],
    ['|\n  ---\n  x', '---\nx\n'],
    ['<<', '<<'],
  ])('%s', (word, value) => {
    expect(read(`a: ${word}`)).toEqual({ a: value });
  });

  test.each([['y', 'true'], ['010', '8'], ['1.10', '1.1'], ['1', '1']])('also as a key: %s', (key, name) => {
    expect(read(`${key}: v`)).toEqual({ [name]: 'v' });
  });
});

describe('merge keys and aliases', () => {
  test.each([
    ['s: {<<: {r: 7}}', { s: { r: 7 } }],
    ['s: {<<: {r: 7}, r: 1}', { s: { r: 1 } }],
    ['s: {r: 1, <<: {r: 7}}', { s: { r: 7 } }],
    ['b: &b {x: 1}\nc: &c {x: 2, z: 3}\ns: {<<: [*b, *c]}', { b: { x: 1 }, c: { x: 2, z: 3 }, s: { x: 1, z: 3 } }],
    ["s: {'<<': 1}", { s: { '<<': 1 } }],
    ['a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    ['a: &a {i: &i 1}\nb: &i 2\nc: *a\nd: *i', { a: { i: 1 }, b: 2, c: { i: 1 }, d: 2 }],
    ['__proto__: {x: 1}', JSON.parse('{"__proto__": {"x": 1}}')],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual(value);
  });
});

describe('what nobody can mean is refused with its line', () => {
  test.each([
    ['a: 1\nb: *nope', '2: there is no anchor "&nope" above this alias'],
    ['a: &a [*a]', '1: the anchor "&a" contains itself'],
    ['s: {<<: 5}', '1: the value of "<<" must be a map or a list of maps'],
    ['a: 1\nb: 2\na: 3', '3: the key "a" is given twice'],
    ['a: .inf', '1: .inf is no number; put it in quotes if it is text'],
    ['a: 9007199254740993', '1: 9007199254740993 is too large a number to be kept exactly; put it in quotes if'],
    ['a: !foo 5', '1: the tag !foo is not read here; leave it out'],
    ['a: !!int x', '1: this is no number, as its tag says'],
    ['[a]: x', '1: a key must be text'],
    ['a: [1', '1: this is not YAML: '],
    ['[[['.repeat(20_000), '1: this is n'],
  ])('%.30s', (text, problem) => {
    expect(read(text)).toContain(problem);
  });

  test('aliases of aliases cannot fill the memory', () => {
    const levels = Array.from({ length: 9 }, (_, at) => `l${at + 1}: &l${at + 1} [${`*l${at},`.repeat(10)}]`);
    expect(read(`l0: &l0 x\n${levels.join('\n')}`)).toContain('this has more than 100000 values');
  });
});

test('documents are apart: what one leaves open or wrong does not reach the next, and lines count from the top', () => {
  const documents = readYaml('a: [1\n---\n# nothing\n--- # second\nb: 2\n--- c: 3\n---\nd: *x\n');
  expect(documents.map((one) => (one.ok ? [one.line, one.value] : [one.line, one.problem.slice(0, 24)]))).toEqual([
    [1, 'this is not YAML: Flow s'],
    [5, { b: 2 }],
    [6, 'write "---" on a line of'],
    [8, 'there is no anchor "&x" '],
  ]);
});
