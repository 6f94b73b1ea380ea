import { expect, test } from 'vitest';
import { TransientError } from '../errors.ts';
import { toFault } from './fault.ts';
import { targetAt } from '../../test/support/redis-target.ts';

const target = targetAt({ host: 'cache' }, { username: 'app', password: 'canary' });
const reply = (message: string): Error =>
  Object.assign(new Error(message), { name: 'ReplyError', command: { name: 'auth', args: ['canary'] } });
const network = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

test.each([
  [reply('WRONGPASS invalid username-password pair or user is disabled.'), 'RedisAuthFailed', 'password'],
  [reply('NOAUTH Authentication required.'), 'RedisAuthFailed', 'password'],
  [reply("ERR unknown command 'AUTH', with args beginning with: 'app' 'canary'"), 'RedisAuthFailed', 'password'],
  [
    reply("NOPERM this user has no permissions to run the 'xgroup|create' command"),
    'RedisNoPermission',
    'xgroup|create',
  ],
  [reply('WRONGTYPE Operation against a key holding the wrong kind of value'), 'RedisWrongType', 'key'],
  [reply("READONLY You can't write against a read only replica."), 'RedisReadOnly', 'primary'],
  [reply("OOM command not allowed when used memory > 'maxmemory'."), 'RedisOutOfMemory', 'maxmemory'],
  [reply('LOADING Redis is loading the dataset in memory'), 'RedisLoading', 'wait'],
  [reply('ERR max number of clients reached'), 'RedisUnreachable', 'clients'],
  [reply('ERR syntax error near canary'), 'RedisError', '***'],
  [network('ECONNREFUSED'), 'RedisUnreachable', 'ECONNREFUSED'],
  [network('ENOTFOUND'), 'RedisUnreachable', 'host'],
  [network('SELF_SIGNED_CERT_IN_CHAIN'), 'RedisTLSFailed', 'CA'],
  [network('ERR_TLS_CERT_ALTNAME_INVALID'), 'RedisTLSFailed', 'name'],
  [network('CERT_HAS_EXPIRED'), 'RedisTLSFailed', 'CERT_HAS_EXPIRED'],
  [new Error('Command timed out'), 'RedisUnreachable', 'in time'],
  [new Error('Connection is closed.'), 'RedisUnreachable', 'Connection is closed'],
])('%s is a %s and its sentence names the fix', (error, code, words) => {
  const fault = toFault(error, target);
  expect(fault).toBeInstanceOf(TransientError);
  expect(fault.code).toBe(code);
  expect(fault.message).toContain(words);
  expect(fault.message).toMatch(/^Redis at cache:6379 \(user "app"\) .*; .*\.$/);
  expect(fault.message + JSON.stringify(fault) + String(fault.cause)).not.toContain('canary');
});

test('a fault passes through unchanged', () => {
  const fault = toFault(network('ECONNRESET'), target);
  expect(toFault(fault, target)).toBe(fault);
});
