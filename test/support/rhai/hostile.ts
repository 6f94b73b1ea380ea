/** Scripts that mean harm, each kind in as many forms as are asked for. Pure. */

/** What every script of shadowing tries to be taken for. */
export const forged = 'forged';

const kinds: readonly ((n: number) => string)[] = [
  // Loops.
  () => 'loop { }',
  (n) => `let x = ${n}; while true { x += 1; }`,
  (n) => `for i in 0..${n}00000000000 { }`,
  (n) => `[1, 2, ${n}].map(|x| { loop { } })`,
  (n) => `try { loop { } } catch { loop { let x = ${n}; } }`,
  // Recursion.
  (n) => `fn f(x) { f(x + 1) } f(${n})`,
  (n) => `fn a(x) { b(x) } fn b(x) { a(x) } a(${n})`,
  (n) => `let f = |x| 1; f = |x| f.call(x); f.call(${n})`,
  (n) => '('.repeat(50 * n) + '1',
  (n) => `${'['.repeat(50 * n)}1${']'.repeat(50 * n)}`,
  (n) => `${'{'.repeat(40 * n)}${n}${'}'.repeat(40 * n)}`,
  // Memory.
  (n) => `let a = []; loop { a.push([${n}; 1]); }`,
  (n) => `let a = [${n}]; loop { a = [a, a]; }`,
  (n) => `let b = blob(${n} * 1000000); b.len()`,
  (n) => `let m = #{}; let i = 0; loop { m["k${n}" + i] = i; i += 1; }`,
  (n) =>
    `let a = []; for i in 0..9000 { a.push("x${n}".to_upper()); } let b = []; for i in 0..9000 { b.push(a); } b.len()`,
  // Huge texts.
  (n) => `let s = "a${n}"; loop { s += s; }`,
  (n) => `let s = ""; s.pad(${n}00000000, "x"); s.len()`,
  (n) => `"x".repeat(${n}00000000)`,
  (n) => `loop { print("${'x'.repeat(100)}" + ${n}); }`,
  (n) => `"${'y'.repeat(20_000 * n)}`,
  // Shadowing.
  () => `let CALLER_ID = "${forged}"; CALLER_ID`,
  () => `const CONTEXT_ID = "${forged}"; CONTEXT_ID`,
  () => `fn f(CALLER_ID) { CALLER_ID } f("${forged}")`,
  () => `for CALLER_ID in ["${forged}"] { return CALLER_ID; }`,
  () => `try { throw "${forged}" } catch (CALLER_ID) { return CALLER_ID; }`,
  (n) => `fn print(x) { loop { } } print(${n})`,
  // Modules, code from texts, the host.
  (n) => `import "file${n}" as f; f::x()`,
  (n) => `import "../../../etc/passwd" as f; f::x${n}()`,
  (n) => `eval("loop { let x = ${n}; }")`,
  (n) => `eval("fn f(x) { f(x) } f(${n})")`,
  () => `eval("let CALLER_ID = \\"${forged}\\";"); CALLER_ID`,
  (n) => `redis_set("rhai_task_details:${n}", "x")`,
  (n) => `http_get("http://127.0.0.1:${n}/")`,
  (n) => `sleep(${n}00)`,
  // Values at the edge.
  (n) => `throw #{ a: [${n}, ()] }`,
  (n) => `${'9'.repeat(n)} * ${'9'.repeat(n)}`,
  (n) => `${n} / 0`,
  (n) => `-9223372036854775808 / -${n}`,
  (n) => `\u0000${n}\ufffd\u202e`,
];

/** So many scripts, every kind in turn. */
export function hostileScripts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => kinds[at % kinds.length]!(1 + Math.floor(at / kinds.length)));
}
