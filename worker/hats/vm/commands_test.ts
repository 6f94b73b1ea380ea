import { encodeCommands } from '../../redis/commands.ts';
import { decodeText } from '../../redis/text.ts';
import { assertEquals } from '../../testing/assert.ts';
import { commandIn, encodeAnswerText, encodeCommand } from './commands.ts';
import { Frames } from './frames.ts';

const utf8 = new TextEncoder();
const commands = [
  ['PING'],
  ['Set', 'key', ''],
  ['SET', 'é€😀', '1'],
  ['SET', 'key', 'x'.repeat(1234)],
  ['SET', 'key', 'é'.repeat(200_000)],
  ['MGET', ...Array.from({ length: 1005 }, (_, n) => `key:${n}`)],
  ['SET', 'half a pair', '\ud83d'],
];

function payloadOf(message: Uint8Array): Uint8Array {
  const frames = new Frames(10_000_000);
  frames.add(message);
  return frames.nextBytes() as Uint8Array;
}

Deno.test('a command is the bytes Redis takes, whatever its words are', () => {
  for (const words of commands) {
    const bytes = payloadOf(encodeCommand(words));
    assertEquals(bytes, encodeCommands(words));
    const command = commandIn(bytes);
    const wellFormed = words.map((word) => decodeText(utf8.encode(word)));
    assertEquals([command?.name, command?.words()], [words[0]?.toLowerCase(), wellFormed]);
  }
});

Deno.test('what is not exactly one command is none', () => {
  const ping = '*1\r\n$4\r\nPING\r\n';
  const others = [
    ...['', '*', '*1', '*1\r\n', '*0\r\n', '*-1\r\n', '*x\r\n', '*\r\n$4\r\nPING\r\n', '*1\n$4\nPING\n', 'PING\r\n'],
    ...[`${ping}${ping}`, `${ping}x`, '*1\r\n$3\r\nPING\r\n', '*1\r\n$5\r\nPING\r\n', '*2\r\n$4\r\nPING\r\n'],
    ...['*1\r\n$-1\r\n', '*1\r\n+PING\r\n', '*1\r\n$4\r\nPINGxx', '*1\r\n$99999999999999999999\r\nPING\r\n'],
    ...['*1\r\n*1\r\n$4\r\nPING\r\n', '*1\r\n$+4\r\nPING\r\n', '*1\r\n$ 4\r\nPING\r\n'],
  ];
  assertEquals(others.filter((text) => commandIn(utf8.encode(text)) !== undefined), []);
  assertEquals(commandIn(utf8.encode(ping))?.words(), ['PING']);
});

Deno.test('a text comes back as it is behind a plus', () => {
  for (const text of ['', 'PONG', '+', '{"end":true}', 'é', 'x'.repeat(64), 'x'.repeat(65), '€'.repeat(100_000)]) {
    assertEquals(decodeText(payloadOf(encodeAnswerText(text))), `+${text}`);
  }
});
