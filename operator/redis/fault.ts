/** What can go wrong with a Redis, sorted into classes that conditions and metrics can name. */
import { quotable } from '../../contract/foreign-text.ts';
import { tlsCodeOf, tlsFault } from '../../contract/redis-tls.ts';
import { TransientError } from '../errors.ts';
import { addressOf, type RedisTarget } from './target.ts';

/** Class of a fault: the reason of a condition and the label of a metric. */
export type RedisFaultCode =
  | 'RedisUnreachable'
  | 'RedisAuthFailed'
  | 'RedisTLSFailed'
  | 'RedisNoPermission'
  | 'RedisWrongType'
  | 'RedisReadOnly'
  | 'RedisOutOfMemory'
  | 'RedisLoading'
  | 'RedisError';

/**
 * A call to Redis failed. The message is one sentence with the address and the fix.
 * It has no `cause`: the client's own errors carry the arguments of commands, and so the password.
 */
export class RedisFault extends TransientError {
  override readonly name = 'RedisFault';
  override readonly code: RedisFaultCode;
  /** Set when no answer came: the socket was closed or could not be opened, or the server kept silent. */
  readonly loss: 'closed' | 'silent' | undefined;

  constructor(code: RedisFaultCode, message: string, loss?: 'closed' | 'silent') {
    super(code, message);
    this.code = code;
    this.loss = loss;
  }
}

/** First words of replies that name the class, in the order they are tried. */
const replyCodes: readonly (readonly [RegExp, RedisFaultCode])[] = [
  [/^(NOAUTH|WRONGPASS|ERR (invalid password|AUTH|Client sent AUTH|unknown command '?AUTH))/i, 'RedisAuthFailed'],
  [/^NOPERM/, 'RedisNoPermission'],
  [/^WRONGTYPE/, 'RedisWrongType'],
  [/^(READONLY|NOREPLICAS|MASTERDOWN)|-READONLY/, 'RedisReadOnly'],
  [/^OOM|-OOM/, 'RedisOutOfMemory'],
  [/^(LOADING|BUSY |TRYAGAIN|CLUSTERDOWN)/, 'RedisLoading'],
  [/^ERR max number of clients/, 'RedisUnreachable'],
];

/** How the client says that it cannot read what came. */
const noProtocol = /\b(RESP|protocol error|unexpected (byte|token))\b/i;

/** Sorts any error of the client into a fault of `target`. Faults pass through. */
export function toFault(error: unknown, target: RedisTarget): RedisFault {
  if (error instanceof RedisFault) return error;
  const problem = error instanceof Error ? error : new Error(String(error));
  if (problem.name === 'ReplyError') return replyFault(problem.message, target);
  if (problem.message === 'Command timed out') return silence(target);
  const code = 'code' in problem && typeof problem.code === 'string' ? problem.code : '';
  const kind = tlsCodeOf(problem) ? 'RedisTLSFailed' : 'RedisUnreachable';
  const told = noProtocol.test(problem.message)
    ? 'what answers there is no Redis'
    : quotable(problem.message, target.password);
  return new RedisFault(kind, sentence(kind, code || told, target), 'closed');
}

/** The fault of a server that does not answer in time. */
export function silence(target: RedisTarget): RedisFault {
  return new RedisFault(
    'RedisUnreachable',
    sentence('RedisUnreachable', 'it does not answer in time', target),
    'silent',
  );
}

function replyFault(message: string, target: RedisTarget): RedisFault {
  const code = replyCodes.find(([pattern]) => pattern.test(message))?.[1] ?? 'RedisError';
  // A server that does not know AUTH repeats its arguments: of a login, only the first word is told.
  const detail = code === 'RedisAuthFailed'
    ? (/^[A-Z]+/.exec(message)?.[0] ?? 'refused')
    : quotable(message, target.password);
  return new RedisFault(code, sentence(code, detail, target));
}

const fixes: Readonly<Record<RedisFaultCode, readonly [what: string, fix: string]>> = {
  RedisUnreachable: [
    'cannot be reached',
    'check its host and port and whether it speaks TLS there, that it runs, and that the network lets this process through',
  ],
  RedisAuthFailed: ['refuses the login', 'check the username and the password'],
  RedisTLSFailed: [tlsFault.what, tlsFault.fix],
  RedisNoPermission: ['denies a command or key', 'extend the ACL of this user'],
  RedisWrongType: ['holds another type of value under this key', 'rename or remove the key that is in the way'],
  RedisReadOnly: ['takes no writes', 'give the address of the primary'],
  RedisOutOfMemory: ['is out of memory', 'raise maxmemory or remove data'],
  RedisLoading: ['is not ready yet', 'wait until it has loaded its data'],
  RedisError: ['refuses a command', 'check the version and the state of the server'],
};

function sentence(code: RedisFaultCode, detail: string, target: RedisTarget): string {
  const [what, fix] = fixes[code];
  const user = target.username === undefined ? '' : ` (user "${target.username}")`;
  return `Redis at ${addressOf(target)}${user} ${what}: ${detail}; ${fix}.`;
}
