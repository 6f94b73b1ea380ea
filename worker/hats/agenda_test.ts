import { assertEquals } from '../testing/assert.ts';
import { Agenda } from './agenda.ts';
import { scheduleOf } from './cron.ts';

const every = (seconds: number) => scheduleOf(`@every ${seconds}s`, '') ?? (() => undefined);

Deno.test('what is due is taken once, earliest first, and is due again by its schedule', () => {
  const agenda = new Agenda();
  agenda.set('two', every(2), 0);
  agenda.set('three', every(3), 0);
  assertEquals(agenda.earliest, 2000);
  assertEquals(agenda.take(1999, 0), []);
  assertEquals(agenda.take(4000, 0), [{ key: 'two', tick: 2000 }, { key: 'three', tick: 3000 }, {
    key: 'two',
    tick: 4000,
  }]);
  assertEquals([agenda.nextOf('two'), agenda.nextOf('three'), agenda.earliest], [6000, 6000, 6000]);
});

Deno.test('what was due long ago is left out, without a step for each tick', () => {
  const agenda = new Agenda();
  agenda.set('one', every(1), 0);
  assertEquals(agenda.take(1_000_000_000_000, 999_999_999_000), [
    { key: 'one', tick: 999_999_999_000 },
    { key: 'one', tick: 1_000_000_000_000 },
  ]);
});

Deno.test('a changed schedule takes the place of the one before, and a deleted job is due no more', () => {
  const agenda = new Agenda();
  agenda.set('job', every(60), 0);
  agenda.set('job', every(5), 0);
  assertEquals([agenda.nextOf('job'), agenda.earliest], [5000, 5000]);
  agenda.delete('job');
  assertEquals([agenda.nextOf('job'), agenda.earliest], [undefined, undefined]);
  agenda.set('never', () => undefined, 0);
  assertEquals([agenda.nextOf('never'), agenda.earliest], [undefined, undefined]);
});
