/**
 * Has an engine begin where it is ready: what `prepare` does is done once, here, and the memory as it is then becomes the
 * data of the module. An instance then neither runs nor compiles any of it.
 */

const pageBytes = 64 * 1024;
/** Ids of sections, of the kinds of imports, and of an instruction. */
const [importSection, dataSection, dataCountSection] = [2, 11, 12];
const [functionImport, memoryImport] = [0, 2];
const [i32Const, end] = [0x41, 0x0b];
/** A run of zeros that is shorter costs no more than what names the data behind it. */
const leastGap = 32;

interface Exports {
  prepare(): void;
  readonly __stack_pointer: WebAssembly.Global;
}

/** A module that is prepared. */
export interface Prepared {
  readonly wasm: Uint8Array;
  /** Pages of the memory it begins with. */
  readonly pages: number;
}

/** @param pages of the memory the module begins with as it is built */
export async function prepared(wasm: Uint8Array<ArrayBuffer>, pages: number): Promise<Prepared> {
  const memory = new WebAssembly.Memory({ initial: pages });
  const none = () => 0;
  const host = { now: none, verdict: none, pause: none, tell: none, ask: none, answer: none };
  const { exports } = new WebAssembly.Instance(await WebAssembly.compile(wasm), { env: { memory }, host });
  const engine = exports as Exports;
  engine.prepare();
  const image = new Uint8Array(memory.buffer);
  const segments = segmentsOf(image, Number(engine.__stack_pointer.value)); // what the stack has left below is nobody's
  const reached = image.length / pageBytes;
  return { wasm: rewritten(wasm, reached, segments), pages: reached };
}

interface Segment {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** All that is not zero, from here on. */
function segmentsOf(image: Uint8Array, from: number): Segment[] {
  const segments: Segment[] = [];
  for (let at = from; at < image.length;) {
    while (at < image.length && image[at] === 0) at++;
    if (at === image.length) break;
    let [last, zeros] = [at, 0];
    for (let next = at; next < image.length && zeros < leastGap; next++) {
      zeros = image[next] === 0 ? zeros + 1 : 0;
      if (zeros === 0) last = next;
    }
    segments.push({ at, bytes: image.subarray(at, last + 1) });
    at = last + 1;
  }
  return segments;
}

function rewritten(wasm: Uint8Array, pages: number, segments: readonly Segment[]): Uint8Array {
  const out: Uint8Array[] = [wasm.subarray(0, 8)];
  for (const { id, content } of sectionsOf(wasm)) {
    if (id === importSection) out.push(section(id, withPages(content, pages)));
    else if (id === dataCountSection) out.push(section(id, unsigned(segments.length)));
    else if (id === dataSection) out.push(section(id, dataOf(segments)));
    else out.push(section(id, content));
  }
  return Buffer.concat(out);
}

function sectionsOf(wasm: Uint8Array): { readonly id: number; readonly content: Uint8Array }[] {
  const sections = [];
  const reader = new Reader(wasm, 8);
  while (!reader.isAtEnd) {
    const id = reader.byte();
    sections.push({ id, content: reader.bytes(reader.number()) });
  }
  return sections;
}

function section(id: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([id]), unsigned(content.length), content]);
}

/** The imports, with the memory beginning with so many pages. */
function withPages(content: Uint8Array, pages: number): Uint8Array {
  const reader = new Reader(content, 0);
  for (let left = reader.number(); left > 0; left--) {
    reader.bytes(reader.number());
    reader.bytes(reader.number());
    const kind = reader.byte();
    if (kind === functionImport) {
      reader.number();
      continue;
    }
    if (kind !== memoryImport) {
      throw new Error(`the engine imports something of kind ${kind}: only functions and a memory are expected`);
    }
    reader.byte();
    const from = reader.at;
    reader.number();
    return Buffer.concat([content.subarray(0, from), unsigned(pages), content.subarray(reader.at)]);
  }
  throw new Error('the engine imports no memory');
}

function dataOf(segments: readonly Segment[]): Uint8Array {
  const parts = segments.flatMap(({ at, bytes }) => [
    Buffer.from([0, i32Const]),
    signed(at),
    Buffer.from([end]),
    unsigned(bytes.length),
    bytes,
  ]);
  return Buffer.concat([unsigned(segments.length), ...parts]);
}

/** As WebAssembly writes numbers: seven bits a byte, the low ones first. */
function unsigned(value: number): Uint8Array {
  const bytes = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The same of a number with a sign, for which the last byte keeps a bit. @param value from 0 */
function signed(value: number): Uint8Array {
  const bytes = [];
  let rest = value;
  for (; rest > 0x3f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Error('the engine ends in the middle of something');
    return byte;
  }

  number(): number {
    for (let [value, scale] = [0, 1];; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  bytes(count: number): Uint8Array {
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }
}
