import { get } from './shared-state.ts';
export const getState = (): string => get();
