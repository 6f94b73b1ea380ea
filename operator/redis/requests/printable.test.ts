import { describe, expect, test } from 'vitest';
import { printable, shortened } from './printable.ts';

describe('bytes for a terminal', () => {
  test.each([
    ['plain text', '{"name":"Ada"}', '{"name":"Ada"}'],
    ['text of any language', 'größe 東京 👍', 'größe 東京 👍'],
    ['nothing', '', '""'],
    ['text that reads as quoted', '"x"', '"\\"x\\""'],
    ['space at an end', 'x ', '"x "'],
    ['line ends', 'a\r\nb\t\\', '"a\\r\\nb\\t\\\\"'],
    ['an escape sequence', '\u001b[2J', '"\\x1b[2J"'],
    ['text that turns the direction', 'a\u202eb', '"a\\xe2\\x80\\xaeb"'],
    ['no UTF-8', Buffer.from([255, 0, 97]), '"\\xff\\x00a"'],
  ])('show %s', (_, bytes, shown) => {
    expect(printable(Buffer.from(bytes))).toBe(shown);
  });

  test('are cut between characters, never inside one', () => {
    expect(shortened('👍👍👍', 2)).toBe('👍…');
    expect(shortened('👍👍', 2)).toBe('👍👍');
  });
});
