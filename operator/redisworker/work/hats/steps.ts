/** The writes the scripts of a manifest may call for, and how each is told. Pure. */
import type { Why, WorkAction } from '../../model/action.ts';
import type { EventReason } from '../../model/reasons.ts';

/** One write, with the event that tells it. */
export type HatsStep =
  & { readonly reason: EventReason; readonly message: string }
  & (
    | {
      readonly step: 'writeScript';
      readonly key: string;
      readonly fields: Readonly<Record<string, string>>;
      /** The owner of a script that is taken over. */
      readonly replaces?: string;
    }
    | { readonly step: 'forget'; readonly key: string }
    | { readonly step: 'removeScript'; readonly key: string; readonly manner: 'delete' | 'keep' }
  );

export function writeStep(
  key: string,
  fields: Readonly<Record<string, string>>,
  replaces: string | undefined,
  why: Why,
): WorkAction {
  const message = `Wrote the script ${key}`;
  const over = replaces === undefined ? {} : { replaces };
  return action({ step: 'writeScript', key, fields, ...over, reason: 'ScriptWritten', message }, why);
}

export function removeStep(key: string, manner: 'delete' | 'keep', why: Why): WorkAction {
  const message = manner === 'delete' ? `Removed the script ${key}` : `Left the script ${key} in Redis`;
  return action({ step: 'removeScript', key, manner, reason: 'ScriptRemoved', message }, why);
}

/** What pods have noted of themselves and of what they found goes with them. */
export function forgetStep(key: string, why: Why): WorkAction {
  return action({ step: 'forget', key, reason: 'ScriptRemoved', message: `Removed ${key}` }, why);
}

function action(step: HatsStep, why: Why): WorkAction {
  return { do: 'changeWork', step, why };
}
