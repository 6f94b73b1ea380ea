/** What the operator declares of modules, as a pod reads it. */
import { type DeclaredModule, decodeDeclared, modulesDigestField } from '../../contract/modules.ts';
import type { Logger } from '../mod.ts';
import { messageOf } from '../pod/foreign.ts';
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';

/** By name, what was written of each module and what it means. */
export type Declared = ReadonlyMap<string, { readonly json: string; readonly module: DeclaredModule }>;

/** Looks whether anything has changed, and reads it then. */
export class DeclaredModules {
  readonly #key: string;
  readonly #log: Logger;
  #digest: string | undefined;

  constructor(key: string, log: Logger) {
    this.#key = key;
    this.#log = log;
  }

  /** @returns undefined when they are what they were, or nothing is declared */
  async look(connection: Pick<Connection, 'command'>): Promise<Declared | undefined> {
    const digest = await connection.command('HGET', this.#key, modulesDigestField);
    if (digest === null || textOf(digest) === this.#digest) return undefined;
    const fields = itemsOf(await connection.command('HGETALL', this.#key)).map(textOf);
    const found = new Map<string, string>();
    for (let at = 0; at + 1 < fields.length; at += 2) found.set(fields[at] ?? '', fields[at + 1] ?? '');
    this.#digest = found.get(modulesDigestField);
    found.delete(modulesDigestField);
    return new Map([...found].flatMap(([name, json]) => this.#read(name, json)));
  }

  #read(name: string, json: string): [string, { json: string; module: DeclaredModule }][] {
    try {
      return [[name, { json, module: decodeDeclared(json) }]];
    } catch (error) {
      this.#log.error(`the module ${name} cannot be read from ${this.#key}`, { reason: messageOf(error) });
      return [];
    }
  }
}
