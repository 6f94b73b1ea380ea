/** Functions that tests call. */
import { brokerProxy } from '../../worker.ts';
import type { WorkerMsgCall } from '../../types.ts';

let state: unknown;
let calls = 0;

export const hello = (name: string): string => `Hello ${name}`;
export const nothing = (): undefined => undefined;
export const none = (): null => null;
export const setState = (value: unknown): void => void (state = value);
export const getState = (): unknown => state;
export const echo = <T>(value: T): T => value;
export const bad = (): never => {
  throw new Error('this is bad', { cause: new RangeError('too far') });
};
export function whoCalls(this: WorkerMsgCall): readonly (string | undefined)[] {
  return [this.sourceModule, this.sourceSegregationId];
}
/** Asks another instance of this module. */
export const askOther = (segregationId: string, name: string, ...args: unknown[]): Promise<unknown> =>
  brokerProxy().workerFnProxy(['./basics.ts', segregationId], name)(...args);
export const throwValue = (value: unknown): never => {
  throw value;
};
export const returnFunction = (): unknown => () => 1;
export const throwFunction = (): never => {
  throw () => 1;
};
export const never = (): Promise<never> => new Promise(() => {});
/** Ends once its call is given up, and tells why. */
export function untilAborted(this: WorkerMsgCall): Promise<unknown> {
  state = 'waits';
  return new Promise((resolve) => {
    this.signal.addEventListener('abort', () => {
      state = String(this.signal.reason);
      resolve(undefined);
    });
  });
}
export const count = (): number => ++calls;
export const failLater = (): void =>
  void setTimeout(() => {
    throw new Error('nobody catches this');
  });
export const rejectLater = (): void => void Promise.reject(new Error('nobody awaits this'));
export const spin = (): never => {
  for (;;);
};
export { setState as default };
