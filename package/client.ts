/** What callers import as the npm package has it: the sources', after what an older Node lacks. */
import './node20.ts';

export * from '../client/mod.ts';
