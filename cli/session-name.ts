/** Name of the session when the user gives none. */
export const defaultSession = 'up';
