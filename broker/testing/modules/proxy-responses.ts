/** The same through another module. */
import { brokerProxy } from '../../worker.ts';
import type * as Responses from './responses.ts';

const responses = brokerProxy().workerProxy<typeof Responses>(new URL('./responses.ts', import.meta.url));

export const returnForbidden = (): Promise<Response> => responses.returnForbidden();
export const throwForbidden = (): Promise<never> => responses.throwForbidden();
export const describe = (request: Request): Promise<string> => responses.describe(request);
export const shout = (request: Request): Promise<Response> => responses.shout(request);
export const endless = (): Promise<ReadableStream<Uint8Array>> => responses.endless();
export const pulls = (): Promise<number> => responses.pulls();
export const breaksOff = (): Promise<ReadableStream<string>> => responses.breaksOff();
