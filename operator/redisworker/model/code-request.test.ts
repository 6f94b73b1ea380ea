import { expect, test } from 'vitest';
import { requestDigest } from '../../code/request.ts';
import { codeRequestOf, localRelease } from './code-request.ts';

const url = 'https://code.example/greet.ts';
const parts = { namespace: 'shop', registries: {} };
const request = (source: object) => codeRequestOf({ url, keep: 2, ...source }, parts);

test('types are checked where the spec asks for it, which is another question than without', () => {
  expect(request({ typeCheck: 'Enabled' })).toMatchObject({ typeCheck: 'Enabled' });
  expect(request({ typeCheck: 'Disabled' })).toEqual(request({}));
  expect(requestDigest(request({ typeCheck: 'Enabled' }))).not.toBe(requestDigest(request({})));
});

test('all that shapes the code is part of the question, and the order of hosts is not', () => {
  const one = request({ importHosts: ['a.example', 'b.example'], integrity: 'sha256-x' });
  const other = request({ importHosts: ['b.example', 'a.example'], integrity: 'sha256-x' });
  expect(requestDigest(one)).toBe(requestDigest(other));
  const rest = [{}, { importHosts: ['a.example'] }, { integrity: 'sha256-y' }].map(request).map(requestDigest);
  expect(new Set([requestDigest(one), ...rest]).size).toBe(4);
});

test.each([
  [{ repo: 'releases', class: 'a', version: '1.0.0' }, 'spec.source.release.repo is releases, a folder'],
  [{ repo: 'https://code.example', class: 'a', version: 'local' }, 'spec.source.release.version is "local"'],
  [{ repo: 'https://code.example', class: 'a', version: '1.0.0' }, undefined],
])('a release of %j is on a disk: %j', (release, sentence) => {
  expect(localRelease({ release, keep: 2 })).toBe(sentence);
});
