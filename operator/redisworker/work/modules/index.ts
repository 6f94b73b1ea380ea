/** Requests that name a function of a module: another kind of work brings them, and modules answer them. */
import { declareModules, forgetStates, readModules, removeModules } from '../../../redis/modules.ts';
import { type Need, onKey } from '../../../redis/doctor/rights.ts';
import type { RedisLink } from '../../../redis/link.ts';
import { terminal } from '../../model/problem.ts';
import type { KindOfWork } from '../../model/work.ts';
import { withModuleAccess } from './access.ts';
import { type ModulesBlueprint, modulesBlueprint } from './blueprint.ts';
import { isModulesStep, type ModulesStep } from './steps.ts';
import { modulesView } from './view.ts';

/** The kind of work of the runtime Modules. @param requests the kind of work its requests come from */
export function modulesOver(requests: KindOfWork): KindOfWork<ModulesBlueprint> {
  return {
    blueprint: (worker, around) => modulesBlueprint(worker, around, requests.blueprint(worker, around)),
    access: (work, hashes) => withModuleAccess(requests.access(work.requests, hashes), work.settings),
    needs: (work, hash) => [...requests.needs(work.requests, hash), ...needsOf(work.settings)],
    keys: (work) => {
      const { keys, busyKeys } = requests.keys(work.requests);
      return { keys: [...keys, work.settings.declared], busyKeys: [...busyKeys, work.settings.states] };
    },
    observe: async (link, work) => {
      const [view, found] = await Promise.all([
        requests.observe(link, work.requests),
        readModules(link, work.settings),
      ]);
      const misfits = found.misfits.map((key) =>
        terminal('WrongRedisType', `key "${key}" is not a hash: delete it, or choose another spec.type`)
      );
      return modulesView({ ...view, problems: [...view.problems, ...misfits] }, found, work);
    },
    write: async (link, work, step, isRepair) => {
      if (isModulesStep(step)) await write(link, work, step);
      else await requests.write(link, work.requests, step, isRepair);
    },
  };
}

function write(link: RedisLink, { settings }: ModulesBlueprint, step: ModulesStep): Promise<void> {
  switch (step.step) {
    case 'declareModules':
      return declareModules(link, settings, step.fields, step.removes);
    case 'forgetStates':
      return forgetStates(link, settings, step.consumerId);
    case 'removeModules':
      return removeModules(link, settings);
  }
}

function needsOf({ declared, states }: ModulesBlueprint['settings']): Need[] {
  return [
    ...[...onKey(declared, ['HGETALL'], ['DEL']), ...onKey(states, ['HGETALL'], ['HDEL', ''], ['DEL'])].map(
      ([command, key]): Need => ({ actor: 'operator', command, ...(key === undefined ? {} : { key }) }),
    ),
    { actor: 'operator', command: ['EVAL', 'return 0', 1, declared], key: declared },
    { actor: 'worker', command: ['HGET', declared, ''], key: declared },
    { actor: 'worker', command: ['HGETALL', declared], key: declared },
    { actor: 'worker', command: ['HSET', states, '1', ''], key: states },
    { actor: 'worker', command: ['HDEL', states, '1'], key: states },
  ];
}
