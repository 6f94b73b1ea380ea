/** The version of the product, from package.json, and the image that belongs to it. */
import manifest from '../package.json' with { type: 'json' };

/** Semantic version, without a leading v. */
export const version: string = manifest.version;

/**
 * What images/build.ts calls the image of worker pods. `.invalid` is never a host (RFC 6761): a node that was not given
 * the image pulls nothing in its place, least of all an image of somebody else's.
 */
export const workerImage = `registry.invalid/redisworker/worker:${version}`;

/** What it calls the image of the operator. */
export const operatorImage = `registry.invalid/redisworker/operator:${version}`;
