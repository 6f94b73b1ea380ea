import { expect, test } from 'vitest';
import { createLog, type LogLevel } from './log.ts';

function capture(level: LogLevel = 'debug', pretty = false) {
  const lines: string[] = [];
  const log = createLog({ level, pretty, destination: { write: (line) => void lines.push(line) } });
  return {
    log,
    text: () => lines.join(''),
    json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test('writes one JSON line with level, time and message, without pid and host name', () => {
  const { log, json } = capture();
  log.child({ controller: 'redisworker' }).info({ object: 'ns/a' }, 'reconciled');
  expect(json()).toEqual([{
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    controller: 'redisworker',
    object: 'ns/a',
    msg: 'reconciled',
  }]);
});

test('leaves out what is below its level', () => {
  const { log, text } = capture('warn');
  log.info('chatter');
  expect(text()).toBe('');
});

test('hides passwords, tokens and keys, also three levels down', () => {
  const { log, text } = capture();
  log.warn({ password: 'canary', a: { token: 'canary', b: { aesKey: 'canary', c: { key: 'canary' } } } }, 'x');
  expect(text()).not.toContain('canary');
  expect(text()).toContain('[redacted]');
});

test('tells the message, code, stack and cause of an error, but none of its other properties', () => {
  const { log, text, json } = capture();
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const err = Object.assign(new Error('call failed', { cause }), { command: { name: 'auth', args: ['canary'] } });
  log.error({ err }, 'failed');
  log.error({ error: err }, 'failed');
  expect(text()).not.toContain('canary');
  for (const line of json()) {
    const told = (line['err'] ?? line['error']) as Record<string, unknown>;
    expect(told).toMatchObject({
      message: 'call failed',
      stack: expect.stringContaining('log.test.ts'),
      cause: { code: 'ECONNREFUSED' },
    });
  }
});

test('is readable on a terminal', () => {
  const { log, text } = capture('info', true);
  log.info({ object: 'ns/a', password: 'canary' }, 'reconciled');
  expect(text()).toMatch(/INFO.*reconciled/);
  expect(text()).not.toContain('canary');
});
