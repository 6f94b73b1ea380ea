/** A small DNS server on loopback, UDP and TCP, that says what a test tells it to (RFC 1035, A and AAAA alone). */
import { createSocket } from 'node:dgram';
import { createServer, isIPv4, type Socket } from 'node:net';
import { freePort } from './processes.ts';

/** What the server says about a name; addresses of both families together. */
export interface DnsRecord {
  readonly addresses?: readonly string[];
  readonly ttlSeconds?: number;
  /** One address at a time, the next one for the next question, as balancers do. */
  readonly inTurn?: boolean;
  /** Instead of an answer; `Silent` says nothing at all. */
  readonly fault?: 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED' | 'Silent';
}

/** A running server. */
export interface TestDnsServer {
  /** `address:port`. */
  readonly address: string;
  /** What is said of each name; of all others that they do not exist. */
  readonly records: Map<string, DnsRecord>;
  /** `udp A name` of every question so far. */
  readonly questions: string[];
  stop(): Promise<void>;
}

const types = { 1: 'A', 28: 'AAAA' } as Readonly<Record<number, string>>;
const codes = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };
/** Bytes of the longest answer over UDP; a longer one is asked for again over TCP. */
const maxUdpBytes = 512;

/** Starts it, on a free port of loopback unless told where. */
export async function startDnsServer(where?: { readonly host: string; readonly port: number }): Promise<TestDnsServer> {
  const { host, port } = where ?? { host: '127.0.0.1', port: await freePort() };
  const records = new Map<string, DnsRecord>();
  const questions: string[] = [];
  const connections = new Set<Socket>();
  const answer = (query: Buffer, transport: string) => {
    const { name, type, end } = questionOf(query);
    questions.push(`${transport} ${types[type] ?? type} ${name}`);
    return answerTo(query, end, type, inTurn(records.get(name) ?? { fault: 'NXDOMAIN' }, questions.length));
  };
  const tcp = createServer((socket) => {
    connections.add(socket.on('close', () => connections.delete(socket)).on('error', () => undefined));
    socket.on('data', (data) => {
      const reply = answer(data.subarray(2), 'tcp');
      if (reply) socket.write(Buffer.concat([uint16(reply.length), reply]));
    });
  });
  await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(port, host, resolve));
  const udp = createSocket('udp4').on('message', (query, { port: from, address }) => {
    const reply = answer(query, 'udp');
    if (reply) udp.send(reply.length <= maxUdpBytes ? reply : truncated(query), from, address);
  });
  await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, host, resolve));
  return {
    address: `${host}:${port}`,
    records,
    questions,
    async stop() {
      for (const socket of connections) socket.destroy();
      await Promise.all([
        new Promise((resolve) => udp.close(() => resolve(undefined))),
        new Promise((resolve) => tcp.close(resolve)),
      ]);
    },
  };
}

/** Both families are asked for at once, so that each address has its turn in pairs of questions. */
function inTurn(record: DnsRecord, question: number): DnsRecord {
  const { addresses = [] } = record;
  if (record.inTurn !== true || addresses.length === 0) return record;
  const next = addresses[Math.floor(question / 2) % addresses.length];
  return { ...record, addresses: next === undefined ? [] : [next] };
}

/** Name and type of the one question, and where it ends. */
function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(
  query: Buffer,
  end: number,
  type: number,
  { addresses = [], ttlSeconds = 60, fault }: DnsRecord,
): Buffer | undefined {
  if (fault === 'Silent') return undefined;
  const asked = addresses.filter((address) => type === (isIPv4(address) ? 1 : 28));
  const flags = 0x8580 | (fault ? codes[fault] : 0);
  const header = Buffer.concat([
    query.subarray(0, 2),
    uint16(flags),
    uint16(1),
    uint16(fault ? 0 : asked.length),
    uint16(0),
    uint16(0),
  ]);
  const answers = fault ? [] : asked.map((address) => {
    const data = bytesOf(address);
    return Buffer.concat([
      uint16(0xc00c),
      uint16(type),
      uint16(1),
      uint16(0),
      uint16(ttlSeconds),
      uint16(data.length),
      data,
    ]);
  });
  return Buffer.concat([header, query.subarray(12, end), ...answers]);
}

/** An empty answer with the bit that says there is more to be had over TCP. */
function truncated(query: Buffer): Buffer {
  const { end } = questionOf(query);
  return Buffer.concat([
    query.subarray(0, 2),
    uint16(0x8780),
    uint16(1),
    uint16(0),
    uint16(0),
    uint16(0),
    query.subarray(12, end),
  ]);
}

function bytesOf(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (side: string) => (side === '' ? [] : side.split(':'));
  const gap = address.includes('::') ? 8 - groups(head).length - groups(tail).length : 0;
  return Buffer.concat(
    [...groups(head), ...new Array<string>(gap).fill('0'), ...groups(tail)].map((group) => uint16(parseInt(group, 16))),
  );
}

function uint16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}
