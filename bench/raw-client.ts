/** A connection to Redis for measuring: one write per call, replies parsed by the runtime's own codec. */
import { connect, type Socket } from 'node:net';
import { type Command, CommandBuffer } from '../worker/redis/commands.ts';
import { RedisError, type Reply, ReplyParser } from '../worker/redis/resp.ts';

interface Call {
  readonly replies: Reply[];
  missing: number;
  readonly resolve: (replies: Reply[]) => void;
  readonly reject: (error: Error) => void;
}

/** Sends commands and gives their replies; errors among them are thrown. */
export class RawClient {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #calls: Call[] = [];

  /** Resolves once connected. @throws Error when nobody listens on the port of 127.0.0.1 */
  static async open(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#parser.push(chunk);
      for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) this.#take(reply);
    });
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      for (const call of this.#calls.splice(0)) call.reject(new Error('Redis closed the connection of the bench'));
    });
  }

  /** One command, one reply. */
  async command(...command: Command): Promise<Reply> {
    const [reply] = await this.pipeline([command]);
    return reply as Reply;
  }

  /** All commands in one write. @throws RedisError, the first among the replies */
  async pipeline(commands: readonly Command[]): Promise<Reply[]> {
    if (commands.length === 0) return [];
    const buffer = new CommandBuffer();
    for (const command of commands) buffer.add(command);
    const replies = await new Promise<Reply[]>((resolve, reject) => {
      this.#calls.push({ replies: [], missing: commands.length, resolve, reject });
      this.#socket.write(buffer.take());
    });
    const failed = replies.find((reply) => reply instanceof RedisError);
    if (failed) throw failed;
    return replies;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(reply: Reply): void {
    const call = this.#calls[0];
    if (call === undefined) throw new Error('Redis sent a reply nobody asked for');
    call.replies.push(reply);
    if (--call.missing > 0) return;
    this.#calls.shift();
    call.resolve(call.replies);
  }
}
