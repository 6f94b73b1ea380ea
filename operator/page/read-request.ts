/** The body of a request that has something done: JSON under its own type, which no form of another site can send. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { RequestToSend } from './model.ts';
import { Refused } from './refused.ts';

const maxBytes = 1024 * 1024;

const schema = z.object({
  data: z.string().exactOptional(),
  script: z.string().min(1).exactOptional(),
  timeoutSeconds: z.int().min(1).max(300).default(30),
});

/** @throws Refused */
export async function readRequest(request: IncomingMessage): Promise<RequestToSend> {
  if (request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() !== 'application/json') {
    throw new Refused(415, 'what is asked for is written as application/json');
  }
  const parsed = schema.safeParse(jsonOf(await textOf(request), 'the body'));
  if (!parsed.success) {
    throw new Refused(400, 'the body has "data" or "script", a text, and "timeoutSeconds", from 1 to 300');
  }
  if (parsed.data.data !== undefined) jsonOf(parsed.data.data, 'the request');
  return parsed.data;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Refused(413, 'the body has more than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused(400, `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
