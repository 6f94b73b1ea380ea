/** What can go wrong with a Redis, sorted into classes that conditions and metrics can name. */
import { quotable } from '../../contract/foreign-text.ts';
import { tlsCodeOf, tlsFault } from '../../contract/redis-tls.ts';
import { TransientError } from '../errors.ts';
import { outOfReach } from './reach.ts';
import { nameOf, type RedisTarget } from './target.ts';

/** Class of a fault: the reason of a condition and the label of a metric. */
export type RedisFaultCode =
  | 'RedisUnreachable'
  | 'RedisHostRefused'
  | 'RedisAuthFailed'
  | 'RedisTLSFailed'
  | 'RedisNoPermission'
  | 'RedisWrongType'
  | 'RedisReadOnly'
  | 'RedisMasterUnknown'
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
  readonly #reply: string;
  readonly #detail: string;

  /**
   * @param detail what is told beside the class
   * @param reply the server's own words, to decide by
   */
  constructor(code: RedisFaultCode, detail: string, target: RedisTarget, loss?: 'closed' | 'silent', reply = '') {
    super(code, sentence(code, detail, target));
    this.code = code;
    this.loss = loss;
    this.#detail = detail;
    this.#reply = reply;
  }

  /** The same fault of another target, as of all servers where each has it. */
  of(target: RedisTarget): RedisFault {
    return new RedisFault(this.code, this.#detail, target, this.loss, this.#reply);
  }

  /** True when the server has said these words, whether the message repeats them or not. */
  says(words: string): boolean {
    return this.#reply.includes(words);
  }

  /** What the server has said, taken apart. */
  match(pattern: RegExp): RegExpExecArray | null {
    return pattern.exec(this.#reply);
  }
}

/** First words of replies that name the class, in the order they are tried. */
const replyCodes: readonly (readonly [RegExp, RedisFaultCode])[] = [
  [/^(NOAUTH|WRONGPASS|ERR (invalid password|AUTH|Client sent AUTH|unknown command '?AUTH))/i, 'RedisAuthFailed'],
  [/^NOPERM/, 'RedisNoPermission'],
  [/^WRONGTYPE/, 'RedisWrongType'],
  [/^(READONLY|NOREPLICAS|MASTERDOWN)|-READONLY/, 'RedisReadOnly'],
  [/^OOM|-OOM/, 'RedisOutOfMemory'],
  [/^(LOADING|BUSY |TRYAGAIN|CLUSTERDOWN|UNBLOCKED|MOVED |ASK )/, 'RedisLoading'],
  [/^ERR max number of clients/, 'RedisUnreachable'],
];

/** How the client says that it cannot read what came. */
const noProtocol = /\b(RESP|protocol error|unexpected (byte|token))\b/i;

/** Sorts any error of the client into a fault of `target`. Faults pass through. */
export function toFault(error: unknown, target: RedisTarget): RedisFault {
  if (error instanceof RedisFault) return error;
  const problem = error instanceof Error ? error : new Error(String(error));
  if (problem.name === 'ReplyError') return replyFault(problem.message, commandOf(problem), target);
  if (problem.message === 'Command timed out') return silence(target);
  const code = 'code' in problem && typeof problem.code === 'string' ? problem.code : '';
  if (code === outOfReach) {
    return new RedisFault('RedisHostRefused', '', target, 'silent');
  }
  const kind = tlsCodeOf(problem) ? 'RedisTLSFailed' : 'RedisUnreachable';
  const told = noProtocol.test(problem.message) ? 'what answers there is no Redis' : quoted(problem.message, target);
  return new RedisFault(kind, code || told, target, 'closed');
}

/** The fault of a server that does not answer in time. */
export function silence(target: RedisTarget): RedisFault {
  return new RedisFault('RedisUnreachable', 'it does not answer in time', target, 'silent');
}

/** The fault of a set whose Sentinels lead to no master. @param detail what one of them says, in our words */
export function masterUnknown(target: RedisTarget, detail: string): RedisFault {
  return new RedisFault('RedisMasterUnknown', detail, target, 'closed');
}

/** The fault to tell of several servers that were tried for one another: what one has answered says more than silence. */
export function mostTelling(faults: readonly RedisFault[]): RedisFault | undefined {
  const rank = ({ code, loss }: RedisFault): number => loss === undefined ? 0 : code === 'RedisUnreachable' ? 2 : 1;
  return faults.toSorted((one, other) => rank(one) - rank(other))[0];
}

/** The fault of a server that sends more than anything it was asked for can be. */
export function tooMuch(target: RedisTarget): RedisFault {
  return new RedisFault('RedisError', 'it sends too much', target, 'silent');
}

/** The fault of a Redis that is made of more servers than a worker's network opens. */
export function tooManyMembers(target: RedisTarget, most: number): RedisFault {
  return new RedisFault('RedisError', `it names more than ${most} servers`, target);
}

/** The fault of a Redis that names none of its servers. */
export function noMembers(target: RedisTarget): RedisFault {
  return new RedisFault('RedisError', 'it names none of its servers', target);
}

function replyFault(message: string, command: string, target: RedisTarget): RedisFault {
  const code = replyCodes.find(([pattern]) => pattern.test(message))?.[1] ?? 'RedisError';
  // A server that does not know AUTH repeats its arguments: of a login, only the first word is told.
  const detail = code === 'RedisAuthFailed' && !target.foreign
    ? (/^[A-Z]+/.exec(message)?.[0] ?? 'refused')
    : quoted(message, target) || command;
  return new RedisFault(code, detail, target, undefined, message.slice(0, 500));
}

/** Nothing of a server an author has named: it need not be one, and its words would be read to whoever sees the worker. */
function quoted(message: string, { foreign, password }: RedisTarget): string {
  return foreign ? '' : quotable(message, password);
}

/** The name of the command that was refused, which is ours and not the server's. */
function commandOf(error: Error): string {
  const { command } = error as { command?: { name?: unknown } };
  return typeof command?.name === 'string' ? command.name.toUpperCase() : '';
}

const fixes: Readonly<Record<RedisFaultCode, readonly [what: string, fix: string]>> = {
  RedisUnreachable: [
    'cannot be reached',
    'check its host and port and whether it speaks TLS there, that it runs, and that the network lets this process through',
  ],
  RedisHostRefused: [
    'has an address that this operator does not dial for a worker',
    'name another host, or have its addresses allowed by --redis-hosts',
  ],
  RedisAuthFailed: ['refuses the login', 'check the username and the password'],
  RedisTLSFailed: [tlsFault.what, tlsFault.fix],
  RedisNoPermission: ['denies a command or key', 'extend the ACL of this user'],
  RedisWrongType: ['holds another type of value under this key', 'rename or remove the key that is in the way'],
  RedisReadOnly: ['takes no writes', 'give the address of the primary'],
  RedisMasterUnknown: [
    'has no master by what its Sentinels say',
    'check the name of the set in its address, and that one of its servers runs as the master',
  ],
  RedisOutOfMemory: ['is out of memory', 'raise maxmemory or remove data'],
  RedisLoading: ['is not ready yet', 'wait until it has loaded its data'],
  RedisError: ['refuses a command', 'check the version and the state of the server'],
};

/** All classes, for those who count by them. */
export const redisFaultCodes = Object.keys(fixes) as readonly RedisFaultCode[];

function sentence(code: RedisFaultCode, detail: string, target: RedisTarget): string {
  const [what, fix] = fixes[code];
  return `${subjectOf(target)} ${what}${detail && `: ${detail}`}; ${fix}.`;
}

/** How a sentence about a Redis begins. */
export function subjectOf(target: RedisTarget): string {
  return `${nameOf(target)}${target.username === undefined ? '' : ` (user "${target.username}")`}`;
}
