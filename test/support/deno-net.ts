/** The real Deno, asked what it allows under given lists. */
import { start } from './processes.ts';

/** Reads dials from stdin and prints one digit for each: 1 for what is granted. */
const answering = `
const dials = JSON.parse(await new Response(Deno.stdin.readable).text());
const granted = (host) => Deno.permissions.querySync({name: "net", host}).state === "granted";
console.log(dials.map((dial) => granted(dial) ? 1 : 0).join(""));
`;

/** Whether Deno grants each dial `host:port` by what is written in it; nothing is resolved and nothing dialled. */
export async function denoGrants(flags: readonly string[], dials: readonly string[]): Promise<boolean[]> {
  const url = `data:text/javascript,${encodeURIComponent(answering)}`;
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  const child = start('node_modules/.bin/deno', [
    'run',
    '--no-prompt',
    '--no-config',
    '--no-lock',
    '--no-remote',
    '--no-npm',
    ...flags,
    url,
  ], { env, stdin: JSON.stringify(dials) });
  const code = await child.ended;
  const digits = child.output().trim();
  if (code !== 0 || digits.length !== dials.length) {
    throw new Error(`deno ${flags.join(' ')} ended with ${code} and printed ${digits.slice(0, 500)}`);
  }
  return Array.from(digits, (digit) => digit === '1');
}
