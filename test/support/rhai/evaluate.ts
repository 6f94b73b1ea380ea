/** Asks the native program what scripts come to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a script came to, and how long it took. */
export interface Evaluated {
  readonly kind: 'value' | 'error';
  readonly text: string;
  readonly micros: number;
}

/** Evaluates each script by itself. @param program path of the native program */
export async function evaluate(program: string, scripts: readonly string[]): Promise<Evaluated[]> {
  const child = spawn(program, ['eval'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const script of scripts) child.stdin.write(`${Buffer.byteLength(script)}\n${script}`);
  child.stdin.end();
  await once(child, 'close');
  return decode(Buffer.concat(chunks));
}

function decode(bytes: Buffer): Evaluated[] {
  const found: Evaluated[] = [];
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\n', at);
    const [mark, length, micros] = bytes.subarray(at, lineEnd).toString().split(' ');
    const end = lineEnd + 1 + Number(length);
    const text = bytes.subarray(lineEnd + 1, end).toString();
    found.push({ kind: mark === '=' ? 'value' : 'error', text, micros: Number(micros) });
    at = end;
  }
  return found;
}
