/** The cluster on a laptop: the store, the node and the user's files. */
export { openLocalCluster, type LocalCluster, type LocalClusterOptions } from './local-cluster.ts';
export type { KeptEvent } from './store/events.ts';
export { startNode, type LogLine, type Node, type NodeOptions } from './node/node.ts';
export type { BackOff } from './node/back-off.ts';
export { followFiles, type FollowedFiles, type FollowFilesOptions } from './files/follow-files.ts';
export type { Validate } from './files/manifest.ts';
