/** The writes the modules of a manifest may call for, and how each is told. Pure. */
import type { Why, WorkAction } from '../../model/action.ts';
import type { EventReason } from '../../model/reasons.ts';

/** One write, with the event that tells it. */
export type ModulesStep =
  & { readonly reason: EventReason; readonly message: string }
  & (
    | {
      readonly step: 'declareModules';
      /** Each module and the digest of all, as the hash is to have them. */
      readonly fields: Readonly<Record<string, string>>;
      /** Fields it has and is not to have. */
      readonly removes: readonly string[];
    }
    | { readonly step: 'forgetStates'; readonly consumerId: string }
    | { readonly step: 'removeModules' }
  );

const ours: ReadonlySet<string> = new Set<ModulesStep['step']>(['declareModules', 'forgetStates', 'removeModules']);

/** False for a step of the work the modules are laid over. */
export function isModulesStep(step: { readonly step: string }): step is ModulesStep {
  return ours.has(step.step);
}

export function declareStep(
  fields: Readonly<Record<string, string>>,
  removes: readonly string[],
  changed: readonly string[],
  why: Why,
): WorkAction {
  const message = changed.length === 0 ? 'Removed modules' : `Declared the modules ${changed.join(', ')}`;
  return action({ step: 'declareModules', fields, removes, reason: 'ModulesDeclared', message }, why);
}

/** What a consumer told of its modules goes with it. */
export function forgetStatesStep(consumerId: string, why: Why): WorkAction {
  const message = `Removed what consumer ${consumerId} told of its modules`;
  return action({ step: 'forgetStates', consumerId, reason: 'ModulesForgotten', message }, why);
}

export function removeModulesStep(why: Why): WorkAction {
  return action({ step: 'removeModules', reason: 'ModulesRemoved', message: 'Removed the modules' }, why);
}

function action(step: ModulesStep, why: Why): WorkAction {
  return { do: 'changeWork', step, why };
}
