/** The example of the library, run as it stands. */
import { assertEquals } from '../worker/testing/assert.ts';

Deno.test('the example runs: state for each segregation id, a caller the broker tells, a loop that is ended', async () => {
  const file = (name: string) => new URL(`./${name}.ts`, import.meta.url).href;
  const imports = { 'redisworker/broker': file('mod'), 'redisworker/broker/worker': file('worker') };
  const map = `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
  const main = new URL('../examples/broker/main.ts', import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ['run', '-A', '--quiet', '--no-config', '--no-lock', `--import-map=${map}`, main],
    stderr: 'inherit',
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trimEnd().split('\n'), [
    'Hello Ada, greeting 1, visit 1',
    'Hello Ada, greeting 2, visit 2',
    'Hello Bob, greeting 1, visit 1',
    'Timeout',
    'Hello Ada, greeting 1, visit 3',
  ]);
});
