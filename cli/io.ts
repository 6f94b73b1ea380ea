/** The terminal as the commands see it, so that they can be run without one. */
import { existsSync } from 'node:fs';
import { env } from 'node:process';
import { text } from 'node:stream/consumers';
import { wantsColours } from '../operator/observability/colours.ts';
import { systemCode } from './failure.ts';
import { interrupted } from './interrupt.ts';

const parentLookMs = 250;

/** What the kubelet puts into every pod that has one. */
const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Where a command reads and writes. */
export interface Io {
  /** Prints a line of the result. */
  out(line: string): void;
  /** Prints a line of progress or of failure. */
  err(line: string): void;
  /** Everything on standard input. */
  input(): Promise<string>;
  /** A person reads the result: print it for the eye. */
  readonly terminal: boolean;
  /** Lines a terminal has room for. */
  readonly rows?: number | undefined;
  /** Which of the two outputs is to be coloured. */
  readonly colours: { readonly out: boolean; readonly err: boolean };
  /** Settles when the command is to end: at Ctrl-C, or once nobody reads its output any more. */
  interrupted(): Promise<void>;
  readonly environment: Environment;
}

/** Who to be at the Sentinels. */
export interface SentinelLogin {
  readonly username?: string;
  readonly password?: string;
}

/** A Redis, with the user in the URL. */
export interface NamedRedis {
  readonly url: string;
  readonly password?: string;
}

/** The environment variables the command line looks at. */
export interface Environment {
  /** The operator's own, which a command in its pod takes when nothing else says where a worker is. */
  readonly operatorRedis?: NamedRedis;
  /** Password of the Redis a command connects to, as redis-cli reads it. */
  readonly redisPassword?: string;
  /** Login of the Sentinels, when it is behind some. */
  readonly sentinel?: SentinelLogin;
  /** This process runs in a pod, with a ServiceAccount. */
  readonly inPod?: boolean;
  /** Folder for files that live as long as the login session. */
  readonly runtimeFolder?: string;
}

/** The process's own standard streams and environment. */
export function processIo(): Io {
  const { REDISCLI_AUTH: redisPassword, XDG_RUNTIME_DIR: runtimeFolder, npm_command: npmCommand } = env;
  const { REDIS_SENTINEL_USERNAME: sentinelUser, REDIS_SENTINEL_PASSWORD: sentinelPassword } = env;
  const { stdout, stderr, stdin } = process;
  const unread = untilUnread(stdout, stderr);
  const err = (line: string): void => void stderr.write(`${line}\n`);
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err,
    input: () => text(stdin),
    interrupted: () => interrupted([unread, ...(npmCommand === undefined ? [] : [untilOrphaned()])], err),
    terminal: stdout.isTTY,
    get rows() {
      return stdout.isTTY ? stdout.rows : undefined;
    },
    colours: { out: wantsColours(stdout), err: wantsColours(stderr) },
    environment: {
      ...operatorRedis(env),
      ...(redisPassword ? { redisPassword } : {}),
      ...(sentinelUser || sentinelPassword
        ? {
          sentinel: {
            ...(sentinelUser ? { username: sentinelUser } : {}),
            ...(sentinelPassword ? { password: sentinelPassword } : {}),
          },
        }
        : {}),
      ...(env['KUBERNETES_SERVICE_HOST'] && existsSync(serviceAccountToken) ? { inPod: true } : {}),
      ...(runtimeFolder ? { runtimeFolder } : {}),
    },
  };
}

/** As the operator reads it. */
function operatorRedis(
  { REDIS_URL: url, REDIS_USERNAME: username, REDIS_PASSWORD: password }: NodeJS.ProcessEnv,
): Pick<Environment, 'operatorRedis'> {
  if (!url) return {};
  const named = username && !url.includes('@') ? url.replace('://', `://${encodeURIComponent(username)}@`) : url;
  return { operatorRedis: { url: named, ...(password ? { password } : {}) } };
}

/** Settles once the parent is gone: npm that is told to end ends the shell between it and us, and not us. */
function untilOrphaned(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    const look = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(look);
      resolve();
    }, parentLookMs).unref();
  });
}

/** Settles once `… | head` has ended, or the terminal was closed. What is written then is lost, as its reader wanted. */
function untilUnread(...streams: readonly NodeJS.WritableStream[]): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of streams) {
      stream.on('error', (error) => {
        if (!['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'].includes(systemCode(error) ?? '')) throw error;
        resolve();
      });
    }
  });
}
