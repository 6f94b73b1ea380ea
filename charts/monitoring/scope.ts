/** What stands in generated queries for the labels of one release; the templates put them there. */

/** In `{…}` of a query: job and namespace. */
export const scope = 'SCOPE';
