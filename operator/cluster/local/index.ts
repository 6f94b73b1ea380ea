/** The cluster on a laptop: the store, the node and the user's files. */
export { startServices } from './services/services.ts';
export { type LocalCluster, type LocalClusterOptions, openLocalCluster } from './local-cluster.ts';
export type { KeptEvent } from './store/events.ts';
export { type LogLine, type Node, type NodeOptions, startNode } from './node/node.ts';
export { birthOf, pidSpace } from './node/orphans.ts';
export { findFreePorts } from './node/ports.ts';
export { type FollowedFiles, followFiles, type FollowFilesOptions } from './files/follow-files.ts';
export { readManifest, type Validate } from './files/manifest.ts';
