/** The version of the product, from package.json. */
import manifest from '../package.json' with { type: 'json' };

/** Semantic version, without a leading v. */
export const version: string = manifest.version;
