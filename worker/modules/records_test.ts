import { BrokerError, type WorkerEvent, type WorkerState } from '../../broker/mod.ts';
import { assertEquals } from '../testing/assert.ts';
import { ModuleRecords } from './records.ts';

const url = (name: string) => new URL(`file:///modules/${name}.ts`);
const nameOf = ({ pathname }: URL) => pathname.replace(/.*\/|\.ts$/g, '');
const over = (name: string, calls: number, errors: number, code: 'Removed' | 'Crashed') =>
  ({
    type: 'remove',
    moduleSpecifier: url(name),
    calls,
    errors,
    reason: new BrokerError(code, `${url(name)} ended`),
  }) as WorkerEvent;
const running = (name: string, calls: number, errors: number, mib: number): WorkerState => ({
  moduleSpecifier: url(name),
  isolation: 'Process',
  isBusy: false,
  calls,
  errors,
  memoryBytes: mib * 2 ** 20,
});

Deno.test('a module keeps its counts beyond its workers, and fails until a call of it succeeds again', () => {
  const records = new ModuleRecords(nameOf);
  const stateOf = (...workers: WorkerState[]) => records.states(['m'], workers)[0];
  const base = { name: 'm', restarts: 0 };
  assertEquals(stateOf(), { ...base, state: 'Idle', calls: 0, errors: 0 });
  records.note(over('m', 5, 1, 'Removed'));
  assertEquals(stateOf(), { ...base, state: 'Idle', calls: 5, errors: 1 });
  records.note(over('m', 1, 1, 'Crashed'));
  const failing = { ...base, state: 'Failing', restarts: 1, reason: 'm ended' };
  assertEquals(stateOf(), { ...failing, calls: 6, errors: 2 });
  assertEquals(stateOf(running('m', 1, 1, 40)), { ...failing, calls: 7, errors: 3, memoryMiB: 40 });
  assertEquals(stateOf(running('m', 2, 1, 40))?.state, 'Running');
});

Deno.test('memory is told anew only when it is another amount, and not while none runs', () => {
  const records = new ModuleRecords(nameOf);
  const memory = (...mib: number[]) =>
    mib.map((one) => records.states(['m'], one === 0 ? [] : [running('m', 1, 0, one)])[0]?.memoryMiB);
  assertEquals(memory(40, 42, 38, 45, 44, 0, 30), [40, 40, 40, 45, 45, undefined, 30]);
});
