import { describe, expect, test } from 'vitest';
import { valuesAt } from './json-path.ts';

const worker = {
  metadata: { name: 'w', labels: { 'app.kubernetes.io/name': 'x' } },
  status: {
    conditions: [{ type: 'Reconciling', status: 'False' }, { type: 'Ready', status: 'True', reason: 'AllReady' }],
    consumers: [{ id: '1' }, { id: '2' }],
    zero: 0,
    nothing: null,
  },
};

describe('valuesAt', () => {
  test.each([
    ['.metadata.name', ['w']],
    ['.status.conditions[?(@.type=="Ready")].reason', ['AllReady']],
    [`.status.conditions[?(@.type == 'Ready')].status`, ['True']],
    ['.status.conditions[?(@.type=="Stalled")].status', []],
    ['.status.consumers[*].id', ['1', '2']],
    ['.status.consumers[1].id', ['2']],
    ['.status.consumers[9].id', []],
    [String.raw`.metadata.labels.app\.kubernetes\.io/name`, ['x']],
    [`.metadata.labels['app.kubernetes.io/name']`, ['x']],
    ['.status.zero', [0]],
    ['.status.nothing', []],
    ['.status.constructor', []],
    ['.nowhere.at.all', []],
  ])('%s leads to %j', (path, values) => {
    expect(valuesAt(worker, path)).toEqual(values);
  });

  test('names the part of a path it does not understand', () => {
    expect(() => valuesAt(worker, '.status.consumers[1:2]')).toThrow(
      'the JSONPath .status.consumers[1:2] has a part that is not understood: [1:2]',
    );
  });
});
