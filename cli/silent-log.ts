/** For connections of a command: what they note is told by the call that meets it. */
const nothing = (): void => undefined;

export const silence = { debug: nothing, info: nothing, warn: nothing, error: nothing };
