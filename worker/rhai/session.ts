/** The time between connecting to Redis and losing it: taking tasks, running them, telling what became of them. */
import { fenced } from '../pod/fenced.ts';
import { type Identity, renewSession } from '../pod/identity.ts';
import type { Pair } from '../redis/connection-pair.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import { fencedReply, TaskCommands } from './commands.ts';
import type { LoopContext } from './context.ts';
import { decodeTasks } from './task.ts';

/** How long one wait for a task lasts: the place is looked at in between. */
const blockSeconds = 2;
/** Redis may be so late with the end of a wait. */
const graceMs = 5000;
/** Tasks told in one go. */
const mostTold = 128;

/** A pair of connections and the loops over them. */
export class Session {
  readonly #pair: Pair;
  readonly #context: LoopContext;
  #commands: TaskCommands;
  #stopping = false;
  #over = false;
  #error: unknown;

  constructor(pair: Pair, context: LoopContext) {
    this.#pair = pair;
    this.#context = context;
    this.#commands = new TaskCommands(context.place, context.identity, context.clock.now);
  }

  /**
   * Works until stopped or until something fails.
   * @param placeTaken `now` when that was the last thing the writer did
   * @throws ConnectionLostError, RedisError: an outage; FatalError: fenced, or an engine that cannot be used any more
   */
  async run(placeTaken: 'now' | 'before', joined: () => void): Promise<void> {
    const { pulse } = this.#context;
    try {
      if (placeTaken === 'before') await this.#renew();
      await this.#ask(this.#commands.join());
      joined();
      pulse.reading = true;
      pulse.committing = true;
      await Promise.all([this.#take(), this.#tell()].map((loop) => loop.catch((error: unknown) => this.#end(error))));
      if (this.#error !== undefined) throw this.#error as Error;
    } finally {
      pulse.reading = false;
      this.#end(undefined);
      this.#pair.reader.close();
      this.#pair.writer.close();
    }
  }

  /** Takes nothing more, gives back what waits, and returns once what runs is told. */
  stop(): void {
    this.#stopping = true;
    this.#pair.reader.close();
    this.#context.hands.work.notify();
  }

  /** Ends at once, as when the connections were lost. */
  leave(reason: Error): void {
    this.#end(reason);
  }

  /** Puts back in the queue what somebody else may as well do. */
  async giveBack(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#pair.writer.command(...this.#commands.giveBack(ids));
  }

  /** What is still on its way over the connections before comes to nothing. */
  async #renew(): Promise<void> {
    const { place: { hashKey }, clock, identity: before } = this.#context;
    const identity: Identity = { ...before, session: crypto.randomUUID() };
    if (!await renewSession(this.#pair.writer, hashKey, identity)) throw fenced(hashKey);
    this.#commands = new TaskCommands(this.#context.place, identity, clock.now);
  }

  async #take(): Promise<void> {
    const { hands, engines, pulse } = this.#context;
    await this.#recover();
    while (this.#goesOn()) {
      pulse.beat();
      const room = hands.free(engines.most);
      if (room === 0) await hands.room.wait(1000);
      else if (this.#accept(await this.#ask(this.#commands.take(room))) === 0) await this.#await();
    }
    await this.giveBack(hands.dropWaiting());
  }

  #goesOn(): boolean {
    return !this.#stopping && !this.#over;
  }

  /** Waits for the next task, and sees to those that came into the own list in another way. */
  async #await(): Promise<void> {
    const { place: { tasks: { queue }, taken } } = this.#context;
    const moved = await this.#pair.reader.commandWithin(
      blockSeconds * 1000 + graceMs,
      'BLMOVE',
      queue,
      taken,
      'LEFT',
      'RIGHT',
      blockSeconds,
    ).catch((error: unknown) => {
      if (this.#stopping) return null;
      throw error;
    });
    if (moved === null) return this.#recover();
    await this.#acceptMoved(textOf(moved));
  }

  async #acceptMoved(id: string): Promise<void> {
    const reply = await this.#pair.writer.command(...this.#commands.take(0, [id]));
    if (textOf(reply) === fencedReply) {
      await this.giveBack([id]);
      throw fenced(this.#context.place.hashKey);
    }
    this.#accept(reply);
  }

  /**
   * What lies in the own list and is not in hand was in the hands of a process that died, perhaps of it: one after the
   * other, with nothing beside it that could be blamed.
   */
  async #recover(): Promise<void> {
    const { hands, place } = this.#context;
    const listed = itemsOf(await this.#pair.writer.command('LRANGE', place.taken, 0, -1)).map(textOf);
    const lost = listed.filter((id) => !hands.has(id));
    for (const id of lost) {
      await this.#emptyHands();
      if (!this.#goesOn()) return;
      this.#accept(await this.#ask(this.#commands.take(0, [id], true)));
    }
    if (lost.length > 0) await this.#emptyHands();
  }

  async #emptyHands(): Promise<void> {
    const { hands, pulse } = this.#context;
    while (hands.size > 0 && this.#goesOn()) {
      pulse.beat();
      await hands.room.wait(1000);
    }
  }

  /** @returns how many there were */
  #accept(reply: Reply): number {
    const { hands, place } = this.#context;
    const tasks = decodeTasks(reply, place);
    for (const task of tasks) hands.take(task);
    this.#context.dispatch();
    return tasks.length;
  }

  async #tell(): Promise<void> {
    const { hands } = this.#context;
    for (;;) {
      if (this.#over) return;
      if (await this.#tellEnded()) continue;
      const fatal = this.#context.fatal();
      if (fatal) throw fatal;
      if (this.#stopping && hands.size === 0) return this.#end(undefined);
      await hands.work.wait(1000);
    }
  }

  /** @returns whether there was something to tell */
  async #tellEnded(): Promise<boolean> {
    const { hands, pulse } = this.#context;
    const ended = hands.takeEnded(mostTold);
    if (ended.length === 0) return false;
    try {
      await this.#ask(this.#commands.finish(ended));
    } catch (error) {
      hands.putBack(ended);
      if (error instanceof RedisError) pulse.committing = false;
      throw error;
    }
    hands.told(ended);
    return true;
  }

  async #ask(command: ReturnType<TaskCommands['take']>): Promise<Reply> {
    const reply = await this.#pair.writer.command(...command);
    if (textOf(reply) === fencedReply) throw fenced(this.#context.place.hashKey);
    return reply;
  }

  /** Ends every loop; the first error is the one that counts. */
  #end(error: unknown): void {
    this.#error ??= error;
    this.#over = true;
    if (error !== undefined) {
      this.#pair.reader.close();
      this.#pair.writer.close();
    }
    this.#context.hands.work.notify();
    this.#context.hands.room.notify();
  }
}
