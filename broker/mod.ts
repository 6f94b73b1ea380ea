/**
 * Runs modules in workers or processes of their own, on demand, and lets them call each other.
 * @module
 */
export { WorkerBroker } from './broker.ts';
export { BrokerError, type BrokerErrorCode } from './broker-error.ts';
export type * from './types.ts';
