/** What the pod tells the Hats runtime beside what it tells every one: the cluster, and what scripts may send to. */
import type { HatsSettings } from '../../contract/hats.ts';
import { env } from '../../contract/pod.ts';
import { checked, parsePodSettings, type PodSettings, type ReadEnv, required } from '../pod/settings.ts';
import { keepProcessEnvironment } from './vm-process.ts';

/** Everything this runtime knows before it has spoken to Redis. */
export interface Settings extends PodSettings {
  readonly hats: HatsSettings;
}

/**
 * The settings; pure but for `readFile`, and for what the processes of scripts are started with.
 * @throws FatalError naming the variable that is missing or wrong.
 */
export function parseSettings(args: readonly string[], readEnv: ReadEnv, readFile: (path: string) => string): Settings {
  keepProcessEnvironment(readEnv);
  const pod = parsePodSettings(args, readEnv, readFile);
  return { ...pod, hats: checked(env.settings, required(env.settings, readEnv), parseHatsSettings) };
}

function parseHatsSettings(json: string): HatsSettings {
  const { cluster, graceSeconds, net, found } = JSON.parse(json) as Partial<Record<keyof HatsSettings, unknown>>;
  if (typeof cluster !== 'string' || cluster === '') throw new Error('"cluster" must be a text');
  if (typeof found !== 'string' || found === '') throw new Error('"found" must be a text');
  if (typeof graceSeconds !== 'number') throw new Error('"graceSeconds" must be a number');
  if (!Array.isArray(net)) throw new Error('"net" must be a list of flags');
  return { cluster, found, graceSeconds, net: net.map(String) };
}
