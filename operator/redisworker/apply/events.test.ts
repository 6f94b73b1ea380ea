import { expect, test } from 'vitest';
import { resources } from '../../cluster/cluster.ts';
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
  expect(eventsOf([...written, ...created, ...removed])).toEqual([
    { reason: 'ConfigHashWritten', message: 'Wrote 999 config hashes (ConfigHashMissing)' },
    { reason: 'ConfigHashWritten', message: 'Wrote the config hash of consumer 7 (ConfigHashStale)' },
    { reason: 'Applied', message: 'Created 999 objects of kind Deployment (DeploymentMissing)' },
    { reason: 'Applied', message: 'Updated Deployment w-7 (DeploymentDrifted)' },
    { reason: 'ConsumerRemoved', message: 'Removed consumer 1 from the group, and 999 more (ConsumerRemoved)' },
  ]);
});

test('a look that wrote nothing makes no event', () => {
  expect(eventsOf([])).toEqual([]);
});
