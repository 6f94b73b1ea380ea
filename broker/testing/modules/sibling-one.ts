import { set } from './shared-state.ts';
export const setState = (value: string): void => set(value);
