/** The fields of a request that the command line sets by `--field name=value`. */
import { InvalidArgumentError } from 'commander';
import { requestFields } from '../contract/request.ts';
import { runtimeFieldPrefix } from '../contract/runtime-fields.ts';

const reserved: Readonly<Record<string, string>> = {
  [requestFields.ref]: 'The field "ref" is set by --ref.',
  [requestFields.type]: 'The field "type" is the first argument.',
  [requestFields.data]: 'The field "data" is the second argument.',
  [requestFields.workerUrl]: 'The field "workerUrl" is set by --worker-url.',
};

/** Adds one `name=value` to those before it; for an option that may be given again. */
export function addField(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 1) throw new InvalidArgumentError('It reads name=value.');
  const setBy = reserved[name];
  if (setBy !== undefined) throw new InvalidArgumentError(setBy);
  if (name.startsWith(runtimeFieldPrefix)) {
    throw new InvalidArgumentError(`Fields that begin with "${runtimeFieldPrefix}" are the runtime's own.`);
  }
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`The field "${name}" is given twice.`);
  return { ...before, [name]: text.slice(at + 1) };
}
