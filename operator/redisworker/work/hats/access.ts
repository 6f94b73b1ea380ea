/** What the pods of a worker with scripts may do in Redis: what scripts ask for, on the keys of their cluster. */
import { type AclPermissions, exactly } from '../../../redis/acl.ts';
import { ordinaryCommands } from '../../../redis/ordinary-commands.ts';
import { trackingChannel } from '../../../redis/tracking.ts';
import type { WorkAccess } from '../../model/work.ts';
import type { HatsBlueprint } from './blueprint.ts';

/** Scripts are searched for by name, and what is written into them is told by the server. No script may use these. */
const ofTheRuntime = ['client|tracking', 'eval', 'evalsha', 'scan', 'subscribe'] as const;

/** @param hashes pattern of the config hashes of the worker */
export function hatsAccess({ cluster, found, responses }: HatsBlueprint, hashes: string): WorkAccess {
  const own: AclPermissions = {
    commands: [...ordinaryCommands, ...ofTheRuntime],
    keys: [`${exactly(cluster)}:*`, hashes, exactly(responses), exactly(found)],
    channels: [trackingChannel],
  };
  return { ...own, selectors: [] };
}
