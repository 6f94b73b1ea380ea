import { expect, test } from 'vitest';
import { type KubeObject, type Resource, resources } from '../../cluster/cluster.ts';
import type { Action } from '../model/action.ts';
import { ensureGroupStep } from '../work/stream/steps.ts';
import { stagesOf } from './stages.ts';

const object = (resource: Resource, name: string): Action => ({
  do: 'applyObject',
  resource,
  object: { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { name } } satisfies KubeObject,
  exists: false,
  why: 'DeploymentMissing',
});
const hash = (consumerId: string): Action => ({
  do: 'writeConfigHash',
  consumerId,
  fields: {},
  removes: [],
  why: 'ConfigHashMissing',
});
const pid = (consumerId: string): Action => ({
  do: 'clearStalePid',
  consumerId,
  pid: '1',
  owner: undefined,
  why: 'OwnerPodGone',
});
const finalizer: Action = { do: 'setFinalizers', finalizers: [], why: 'FinalizerMissing' };
const group = ensureGroupStep('WorkMissing');

test('what a new worker needs is written in the order pods rest on, with as much side by side as that allows', () => {
  const [source, secret] = [object(resources.configMaps, 'w-1'), object(resources.secrets, 'w-worker')];
  const policy = object(resources.networkPolicies, 'w-2');
  const [one, two] = [object(resources.deployments, 'w-1'), object(resources.deployments, 'w-2')];
  expect(stagesOf([finalizer, source, secret, policy, group, hash('1'), hash('2'), one, two])).toEqual([
    [[finalizer]],
    [[source], [secret], [policy]],
    [[group]],
    [[hash('1')], [hash('2')]],
    [[one], [two]],
  ]);
});

test('the pid of a consumer is cleared before its hash is written, whatever becomes of other consumers', () => {
  expect(stagesOf([pid('1'), hash('1'), pid('2'), hash('2')])).toEqual([
    [[pid('1'), hash('1')], [pid('2'), hash('2')]],
  ]);
});

test('consumers leave one after the other, each in its steps', () => {
  const leave = (id: string): Action[] => [
    { do: 'deleteConfigHash', consumerId: id, why: 'ConsumerRemoved' },
    { do: 'deleteObject', resource: resources.deployments, ref: { name: id }, uid: id, why: 'ConsumerRemoved' },
  ];
  expect(stagesOf([...leave('1'), ...leave('2')])).toEqual([[[...leave('1'), ...leave('2')]]]);
});
