/** What the pod tells the Modules runtime beside what it tells every one: how requests are run, and where modules are. */
import type { ModulesSettings } from '../../contract/modules.ts';
import { env } from '../../contract/pod.ts';
import { parseHandlerSettings } from '../handler/settings.ts';
import { checked, parsePodSettings, type PodSettings, type ReadEnv, required } from '../pod/settings.ts';

/** Everything this runtime knows before it has spoken to Redis. */
export interface Settings extends PodSettings {
  /** Folder the modules are written into. */
  readonly folder: string;
  readonly handler: ModulesSettings;
}

/**
 * The settings; pure but for `readFile`.
 * @throws FatalError naming the variable that is missing or wrong
 */
export function parseSettings(args: readonly string[], readEnv: ReadEnv, readFile: (path: string) => string): Settings {
  const pod = parsePodSettings(args, readEnv, readFile);
  const prefix = pod.hashKey.split(':', 1)[0] ?? '';
  return {
    ...pod,
    folder: required(env.source, readEnv),
    handler: checked(env.settings, readEnv(env.settings) ?? '{}', (json) => parseModulesSettings(json, prefix)),
  };
}

function parseModulesSettings(json: string, prefix: string): ModulesSettings {
  const { declared, states } = JSON.parse(json) as Record<string, unknown>;
  if (typeof declared !== 'string' || typeof states !== 'string') {
    throw new Error('"declared" and "states" must be the keys of hashes');
  }
  return { ...parseHandlerSettings(json, prefix), declared, states };
}
