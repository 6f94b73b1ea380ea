/** Port of the status page, when it is free: the same address every time. */
export const usualPagePort = 8484;
