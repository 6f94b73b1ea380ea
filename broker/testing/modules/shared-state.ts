/** What two modules share when they are in one worker. */
let state = '';
export const set = (value: string): void => void (state = value);
export const get = (): string => state;
