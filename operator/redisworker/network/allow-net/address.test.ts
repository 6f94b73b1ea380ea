import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, formatAddress, formatBlock, isLoopback, parseAddress, parseBlock } from './address.ts';

describe('addresses', () => {
  test('agree with the URL standard on the text of every IPv6 address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const own = parseAddress(text);
        const standard = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        return own !== undefined && (own.family === 4 || formatAddress(own) === standard);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    '::1.2.3',
    'g::',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('blocks', () => {
  test.each([['10.1.2.3/8', '10.0.0.0/8'], ['1.2.3.4/0', '0.0.0.0/0'], ['2001:db8::5/32', '2001:db8::/32'], [
    '::1/128',
    '::1/128',
  ]])('clears the host bits of %s', (text, canonical) => {
    expect(formatBlock(parseBlock(text)!)).toBe(canonical);
  });

  test('contain what lies in them and nothing of the other family', () => {
    const inside = (block: string, address: string) => contains(parseBlock(block)!, parseAddress(address)!);
    expect(inside('10.0.0.0/8', '10.255.0.1')).toBe(true);
    expect(inside('10.0.0.0/8', '11.0.0.1')).toBe(false);
    expect(inside('::/0', '10.0.0.1')).toBe(false);
    expect(contains(parseBlock('10.1.0.0/16')!, parseBlock('10.0.0.0/8')!)).toBe(false);
  });

  test.each([['127.9.9.9', true], ['0.0.0.0', true], ['::1', true], ['::', true], ['128.0.0.1', false], [
    '::2',
    false,
  ]])('%s stays in the pod: %s', (address, stays) => {
    expect(isLoopback(parseAddress(address)!)).toBe(stays);
  });
});
