import { expect, test } from 'vitest';
import { denyImport, isDenied } from './denied-hosts.ts';

test.each([
  ['169.254.169.254', true],
  ['169.254.0.1', true],
  ['[fe80::1]', true],
  ['[::ffff:169.254.169.254]', true],
  ['[fd00:ec2::254]', true],
  ['100.100.100.200', true],
  ['127.0.0.1', false],
  ['10.0.0.1', false],
  ['169.254.example', false],
])('code is not taken from %s: %s', (address, is) => {
  expect(isDenied(address)).toBe(is);
});

test('Deno is told the same', () => {
  expect(denyImport).toBe(
    '--deny-import=169.254.0.0/16,[fd00:ec2::254],[fd20:ce::254],100.100.100.200,168.63.129.16',
  );
});
