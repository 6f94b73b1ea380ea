/** The line that carries the AES key: on stdin, or in a file. */
import { maxKeyLineBytes } from '../../contract/limits.ts';
import { env } from '../../contract/pod.ts';
import { type ReadEnv, readSecretFile } from './settings.ts';
import { after, type Timer } from './timers.ts';

/** A stdin that stays open and silent, as under some supervisors, is taken for an empty one after this time. */
const stdinWaitMs = 2000;

/** The line; undefined when neither stdin nor the key file has one. */
export async function readKeyLine(readEnv: ReadEnv): Promise<string | undefined> {
  const line = Deno.stdin.isTerminal() ? '' : await readFirstLine();
  if (line !== '') return line;
  const keyFile = readEnv(env.keyFile);
  return keyFile ? readSecretFile(keyFile) : undefined;
}

async function readFirstLine(): Promise<string> {
  const line = new Uint8Array(maxKeyLineBytes + 1);
  let length = 0;
  let timer: Timer | undefined;
  const silence = new Promise<null>((resolve) => void (timer = after(stdinWaitMs, () => resolve(null))));
  while (length < line.length && !line.subarray(0, length).includes(0x0a)) {
    const bytes = await Promise.race([Deno.stdin.read(line.subarray(length)), silence]);
    if (bytes === null) break;
    length += bytes;
  }
  timer?.cancel();
  return new TextDecoder().decode(line.subarray(0, length)).split('\n', 1)[0] ?? '';
}
