/** The engine by itself: what scripts come to, and what stops them. */
import { assertEquals } from '../testing/assert.ts';
import { compileEngine, encodeAnswer, Engine, type EngineOptions, type Host } from './engine.ts';

function assert(holds: boolean, message = 'it does not hold'): asserts holds {
  if (!holds) throw new Error(message);
}

const module = await compileEngine(await Deno.readFile(new URL('./engine.wasm', import.meta.url)));

const generous: EngineOptions = {
  maxOperations: 1e9,
  maxCallLevels: 64,
  maxMemoryMiB: 64,
  contextId: 'circle',
  prelude: '',
  abilities: [],
};

function engineWith(options: Partial<EngineOptions> = {}, host: Partial<Host> = {}): Engine {
  const silent: Host = { stopped: () => false, print: () => {}, ask: () => encodeAnswer(null), ...host };
  return new Engine(module, { ...generous, ...options }, silent);
}

/** A host that ends a script when its time is over. */
function within(ms: number): Partial<Host> & { begin(): void } {
  let endMs = Infinity;
  return { begin: () => endMs = performance.now() + ms, stopped: () => performance.now() > endMs };
}

Deno.test('an engine of other bytes is not loaded', async () => {
  const error = await compileEngine(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).catch((thrown: Error) => thrown);
  assert(
    error instanceof Error && /has the digest sha256-\w+, and this runtime was made with sha256-/.test(error.message),
  );
});

Deno.test('who asks and whose worker it is cannot be made up', () => {
  const engine = engineWith();
  const tries = [
    'let CALLER_ID = "me"; CALLER_ID',
    'const CALLER_ID = "me"; CALLER_ID',
    'CALLER_ID = "me"; CALLER_ID',
    'fn f(CALLER_ID) { CALLER_ID } f("me")',
    'let f = |CALLER_ID| CALLER_ID; f.call("me")',
    'for CALLER_ID in ["me"] { return CALLER_ID; }',
    'try { throw "me" } catch (CALLER_ID) { return CALLER_ID; }',
    'eval("let CALLER_ID = \\"me\\";"); CALLER_ID',
    'let x = "me"; { let CALLER_ID = x; return CALLER_ID; }',
  ];
  for (const script of tries) {
    const { kind, text } = engine.run(script, 'somebody');
    assert(kind === 'error' || text === 'somebody', `${script} gave ${text}`);
    assert(text !== 'me', script);
  }
  assertEquals(engine.run('[CALLER_ID, CONTEXT_ID]', 'somebody'), { kind: 'value', text: '["somebody", "circle"]' });
});

Deno.test('nothing of a script is there for the next', () => {
  const engine = engineWith();
  engine.run('let secret = "s"; fn kept() { 1 }', 'a');
  assertEquals(engine.run('is_def_var("secret") || is_def_fn("kept", 0)', 'b'), { kind: 'value', text: 'false' });
  assertEquals(engine.run('CALLER_ID', 'b'), { kind: 'value', text: 'b' });
});

Deno.test('what comes ahead of every script is compiled once, and all of it can be used', () => {
  const engine = engineWith({ prelude: 'const RATE = 0.2; fn tax(x) { x * global::RATE } fn who() { CALLER_ID }' });
  for (let run = 0; run < 3; run++) assertEquals(engine.run('tax(10.0) + RATE', 'c').text, '2.2');
  assertEquals(engine.run('who()', 'c').text, 'c');
  assertEquals(engine.run('fn tax(x) { 0 } tax(10.0)', 'c').text, '0');
});

Deno.test('a prelude that does not compile is refused with its place', () => {
  let message = '';
  try {
    engineWith({ prelude: 'fn f( {' });
  } catch (error) {
    message = (error as Error).message;
  }
  assert(/^Syntax error: .*\(line 1, position \d+\)$/.test(message), message);
});

Deno.test('what a script prints is told, and no more than 64 KiB of it', () => {
  const told: string[] = [];
  const engine = engineWith({}, { print: (level, text, line) => told.push(`${level} ${line} ${text}`) });
  engine.run('print("a"); debug([1, "b"]);', '');
  assertEquals(told, ['print 0 a', 'debug 1 [1, "b"]']);
  told.length = 0;
  engine.run('let s = "x"; s.pad(1000, \'x\'); for i in 0..200 { print(s); }', '');
  assertEquals(told.reduce((sum, line) => sum + line.length - 'print 0 '.length, 0), 64 * 1024);
});

Deno.test('a loop without an end is stopped, by its operations or by the clock', () => {
  const few = engineWith({ maxOperations: 100_000 });
  assertEquals(few.run('loop { }', '').text.replace(/ \(.*/, ''), 'Too many operations');
  assertEquals(few.run('[1, 2].map(|x| { loop { } })', '').kind, 'error');
  assertEquals(few.run('40 + 2', '').text, '42');
  const clock = within(50);
  const timed = engineWith({}, clock);
  clock.begin();
  assertEquals(timed.run('loop { }', '').text.replace(/ \(.*/, ''), 'Script terminated');
});

Deno.test('functions of the host are there where they are allowed, and nowhere else', () => {
  const asked: (readonly string[])[] = [];
  const ask = (request: readonly string[]) => {
    asked.push(request);
    return encodeAnswer(
      request[1] === 'LRANGE' ? ['a', 'ü', null, 3, []] : request[1] === 'DEL' ? new Error('no') : 'ok',
    );
  };
  assert(engineWith({}, { ask }).run('redis_get("k")', '').text.startsWith('Function not found: redis_get'));
  const engine = engineWith({ abilities: ['redis', 'http', 'progress'] }, { ask });
  assertEquals(engine.run('redis_lrange("k", 0, -1)', '').text, '["a", "ü", (), 3, []]');
  assertEquals(engine.run('redis_set("k", 5, 60) + http_get("http://a")', '').text, 'okok');
  assertEquals(engine.run('redis_del("k")', ''), { kind: 'error', text: 'Runtime error: no (line 1, position 1)' });
  assertEquals(engine.run('progress(50)', '').kind, 'value');
  assertEquals(asked, [
    ['redis', 'LRANGE', 'k', '0', '-1'],
    ['redis', 'SET', 'k', '5', 'EX', '60'],
    ['http_get', 'http://a'],
    ['redis', 'DEL', 'k'],
    ['progress', '50'],
  ]);
});
