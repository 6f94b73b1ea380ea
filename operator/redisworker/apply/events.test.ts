import { expect, test } from 'vitest';
import { type Resource, resources } from '../../cluster/cluster.ts';
import type { Action } from '../model/action.ts';
import { eventsOf } from './events.ts';

const ids = Array.from({ length: 1000 }, (_, index) => String(index + 1));
const written = ids.map((consumerId): Action => ({
  do: 'writeConfigHash',
  consumerId,
  fields: {},
  removes: [],
  why: consumerId === '7' ? 'ConfigHashStale' : 'ConfigHashMissing',
}));
const created = ids.map((id): Action => ({
  do: 'applyObject',
  resource: resources.deployments,
  object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `w-${id}` } },
  exists: id === '7',
  why: id === '7' ? 'DeploymentDrifted' : 'DeploymentMissing',
}));
const removed = ids.map((id): Action => ({
  do: 'changeWork',
  step: { step: 'deleteConsumer', reason: 'ConsumerRemoved', message: `Removed consumer ${id} from the group` },
  why: 'ConsumerRemoved',
}));

test('a thousand writes of one look make one event per reason and cause', () => {
  expect(eventsOf([...written, ...created, ...removed], false)).toEqual([
    { reason: 'ConfigHashWritten', message: 'Wrote 999 config hashes (ConfigHashMissing)' },
    { reason: 'ConfigHashWritten', message: 'Wrote the config hash of consumer 7 (ConfigHashStale)' },
    { reason: 'Applied', message: 'Created 999 objects of kind Deployment (DeploymentMissing)' },
    { reason: 'Applied', message: 'Updated Deployment w-7 (DeploymentDrifted)' },
    { reason: 'ConsumerRemoved', message: 'Removed consumer 1 from the group, and 999 more (ConsumerRemoved)' },
  ]);
});

test('a look that wrote nothing makes no event', () => {
  expect(eventsOf([], true)).toEqual([]);
});

test('all that a new spec calls for makes one event, beside what is told by itself', () => {
  const made = ([kind, resource]: readonly [string, Resource]): Action => ({
    do: 'applyObject',
    resource,
    object: { apiVersion: 'v1', kind, metadata: { name: 'w' } },
    exists: false,
    why: 'SourceMissing',
  });
  const group: Action = {
    do: 'changeWork',
    step: { step: 'ensureGroup', reason: 'GroupCreated', message: 'Created the consumer group' },
    why: 'WorkMissing',
  };
  const first = [
    { do: 'setFinalizers', finalizers: [], why: 'FinalizerMissing' } as const,
    ...([['ConfigMap', resources.configMaps], ['NetworkPolicy', resources.networkPolicies]] as const).map(made),
    group,
    ...written.filter(({ why }) => why === 'ConfigHashMissing'),
    ...created.filter(({ why }) => why === 'DeploymentMissing'),
  ];
  expect(eventsOf([...first, ...removed.slice(0, 1)], true)).toEqual([
    {
      reason: 'Applied',
      message:
        'Keeps the worker until Redis is cleaned up; created ConfigMap, NetworkPolicy and 999 Deployments; created the consumer group; wrote 999 config hashes',
    },
    { reason: 'ConsumerRemoved', message: 'Removed consumer 1 from the group (ConsumerRemoved)' },
  ]);
  expect(eventsOf(created.slice(0, 1), true)).toEqual([
    { reason: 'Applied', message: 'Created Deployment w-1 (DeploymentMissing)' },
  ]);
});
