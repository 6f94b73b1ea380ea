/** What the pods of a worker with modules may do in Redis beside what its requests take. */
import type { ModulesSettings } from '../../../../contract/modules.ts';
import { exactly } from '../../../redis/acl.ts';
import type { WorkAccess } from '../../model/work.ts';

/** What is declared they read and never write: code reaches a pod through the operator alone. */
export function withModuleAccess(
  requests: WorkAccess,
  { declared, states }: Pick<ModulesSettings, 'declared' | 'states'>,
): WorkAccess {
  const selectors = [
    ...requests.selectors,
    { commands: ['hget', 'hgetall'], keys: [exactly(declared)] },
    { commands: ['hset', 'hdel'], keys: [exactly(states)] },
  ];
  return { ...requests, selectors };
}
