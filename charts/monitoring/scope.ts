/** What stands in generated queries for the labels of one release; the templates put them there. */

/** In `{…}` of a query about operators: job and namespace of the release. */
export const scope = 'SCOPE';

/**
 * In `{…}` of a query about workers: the job, and the namespace when the release serves but one. The label namespace of
 * what is measured of a worker is the worker's own.
 */
export const workerScope = 'WORKERS';
