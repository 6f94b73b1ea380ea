/** Cuts a stream of bytes into lines; what follows the last line end is not a line. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of chunks) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const part of rest) {
      const line = parts.splice(0).join('');
      if (line !== '') yield line;
      parts.push(part);
    }
  }
}
