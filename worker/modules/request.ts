/** The function a request asks for, and its arguments. */
import { callFields } from '../../contract/request.ts';
import { type HandlerRequest, Reply } from '../mod.ts';

/** A call as a request asks for it. */
export interface RequestedCall {
  readonly module: string;
  readonly functionName: string;
  readonly args: readonly unknown[];
}

/** @throws Reply 400 for a request that names none, or whose arguments are no list */
export function requestedCall({ fields, data }: Pick<HandlerRequest, 'fields' | 'data'>): RequestedCall {
  const { [callFields.module]: module = '', [callFields.function]: functionName = '' } = fields;
  if (module === '' || functionName === '') {
    throw new Reply(400, 'the request names no function: send the fields "module" and "function"');
  }
  if (data !== undefined && !Array.isArray(data)) {
    throw new Reply(400, 'the field "data" of the request must be the list of arguments, for example ["Ada"]');
  }
  return { module, functionName, args: data ?? [] };
}
