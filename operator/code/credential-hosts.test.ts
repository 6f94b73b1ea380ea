import { expect, test } from 'vitest';
import { credentialHost, isShownTo } from './credential-hosts.ts';

test.each([
  ['https://code.example/w.ts', 'code.example'],
  ['https://code.example:8443/w.ts', 'code.example:8443'],
  ['http://[::1]:8080/w.ts', '[::1]:8080'],
])('the host of %s is told as %s, since Deno compares ports as they are written', (url, host) => {
  expect(credentialHost(url)).toBe(host);
});

test.each([
  ['https://code.example/', 'code.example:443', false],
  ['https://code.example/', 'code.example:80', true],
  ['https://code.example/', 'code.example', true],
  ['https://code.example/', 'code.example:8443', false],
  ['https://code.example/', 'a.code.example:443', true],
  ['https://code.example/', 'acode.example', false],
  ['https://code.example/', '*.code.example', true],
  ['https://code.example/', '*.example:443', true],
  ['https://code.example/', '*.other.example', false],
  ['https://code.example:8443/', 'a.code.example:443', false],
  ['https://code.example:8443/', 'a.code.example', true],
  ['http://[::1]:8080/', '[::1]:8081', false],
])('credentials of %s beside an import host %s: %s', (url, host, isShown) => {
  expect(isShownTo(host, url)).toBe(isShown);
});
