/** By what the rows of `top` are sorted: the largest first, names by the alphabet. */
export const sortKeys = ['rate', 'failures', 'backlog', 'latency', 'ready', 'name'] as const;
export type SortKey = (typeof sortKeys)[number];
