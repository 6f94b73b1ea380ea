/** What the pod tells the runner beside what it tells every runtime. Read once, then trusted. */
import { formatHostPort } from '../../contract/host-port.ts';
import { env, type HandlerSettings } from '../../contract/pod.ts';
import { decodeKeyLine, encodeKeyLine } from '../../contract/secrets.ts';
import type { Address } from '../pod/address.ts';
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { parsePodSettings, type PodSettings, type ReadEnv, readSecretFile, required } from '../pod/settings.ts';

const loopback = ['127.0.0.1', 'localhost', '::1'];

/**
 * Reads what the Script runtime needs.
 * @throws FatalError naming the variable or file that is missing or wrong
 */
export function readScriptSettings(readEnv: ReadEnv, hashKey: string, forward: Address): PodSettings {
  required(env.podUid, readEnv); // it tells this pod from any other, across restarts of its container
  const settings = parsePodSettings([hashKey], readEnv, readSecretFile);
  if (settings.redis.address.topology.kind === 'Cluster') {
    throw new FatalError(
      'badConfig',
      `${env.redisUrl} names a Redis Cluster, where a script cannot run: it is shown one server, and its keys lie at several; use runtime: Handler`,
    );
  }
  const own = settings.redis.address.hosts.find(({ host, port }) => port === forward.port && loopback.includes(host));
  if (own) {
    throw new FatalError(
      'badConfig',
      `${env.redisUrl} names ${
        formatHostPort(own)
      }, where this runner itself is to listen: name the real Redis, or forward from another port`,
    );
  }
  return settings;
}

/**
 * The line for the child's stdin, from the file that holds it; empty when no file is named.
 * @throws FatalError when the file cannot be read or holds something else; its text is never repeated
 */
export function readChildsKeyLine(readEnv: ReadEnv): string {
  const path = readEnv(env.keyFile);
  if (!path) return '';
  try {
    return encodeKeyLine(decodeKeyLine(readSecretFile(path)));
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw new FatalError('badConfig', `the file that ${env.keyFile} names is no key: ${messageOf(error)}`);
  }
}

/**
 * Seconds between passing a signal on and killing the child: what the pod's settings say, or less than the 30 s a
 * kubelet grants by default, so that the last words still get out.
 * @throws FatalError when the settings are no JSON object with a number there
 */
export function readGraceSeconds(readEnv: ReadEnv): number {
  const given = parsedSettings(readEnv(env.settings) ?? '{}')?.['graceSeconds'] ?? 25;
  if (typeof given === 'number' && given >= 0) return given;
  throw new FatalError('badConfig', `"graceSeconds" in ${env.settings} must be a number of seconds`);
}

function parsedSettings(json: string): Partial<Record<keyof HandlerSettings, unknown>> | null {
  try {
    return JSON.parse(json);
  } catch {
    throw new FatalError('badConfig', `${env.settings} is no JSON`);
  }
}
