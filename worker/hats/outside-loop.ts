/** What a process does that carries out calls of scripts: those that come in on stdin, until it ends. */
import { encodeFrame, Frames } from './vm/frames.ts';

/** Bytes of a call. */
const mostBytes = 16 * 1024 * 1024;

/** Answers each call as soon as it can; `answer` must not throw. */
export async function serveCalls<Call, Answer>(answer: (call: Call) => Promise<Answer>): Promise<void> {
  const frames = new Frames(mostBytes);
  for await (const chunk of Deno.stdin.readable) {
    frames.add(chunk);
    for (let asked = frames.next(); asked !== undefined; asked = frames.next()) {
      const { id, call } = asked as { id: number; call: Call };
      void answer(call).then((answered) => tell({ id, answer: answered }));
    }
  }
}

let told: Promise<void> = Promise.resolve();

function tell(message: unknown): void {
  const bytes = encodeFrame(message);
  told = told.then(async () => {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  });
}
