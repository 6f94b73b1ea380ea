/** What expressions come to, held against the native engine: expressions.json, which test/support/rhai/make-table.ts writes. */
import { assertEquals } from '../testing/assert.ts';
import { compileEngine, Engine, verdicts } from './engine.ts';
import expressions from './expressions.json' with { type: 'json' };

const module = await compileEngine(await Deno.readFile(new URL('./engine.wasm', import.meta.url)));
const engine = new Engine(
  module,
  { maxOperations: 1e9, maxCallLevels: 64, maxMemoryMiB: 64, contextId: 'circle', prelude: '', abilities: [] },
  {
    verdict: () => verdicts.goOn,
    pause: () => Promise.resolve(),
    print: () => {},
    ask: () => Promise.resolve(null),
  },
);

/** What differs from the native engine, and stays so: no file is a module, and the last digit of a function of the system. */
const differs: Readonly<Record<string, string>> = {
  'import "x" as y;': 'Too many modules imported (line 1, position 1)',
  '1.0.exp()': '2.7182818284590455',
};

Deno.test('527 of 529 expressions come to what they come to in the native engine, errors in the same words', async () => {
  const wrong = [];
  for (const [script = '', kind, text = ''] of expressions) {
    const found = await engine.run(script, 'caller');
    if (found.kind === kind && found.text === (differs[script] ?? text)) continue;
    wrong.push({ script, native: text, engine: found.text });
  }
  assertEquals(wrong, []);
});
