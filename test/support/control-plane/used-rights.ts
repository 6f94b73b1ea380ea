/** What operators did with their rights, as the API server's audit log tells it. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { glob, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { AuditEntry } from './audit-log.ts';

/** A verb on a resource, in the words of a rule. */
export interface Right {
  readonly apiGroup: string;
  /** With its subresource: `redisworkers/status`. */
  readonly resource: string;
  readonly verb: string;
}

/** What was asked for, and whether the API server allowed it. */
export interface AskedRight extends Right {
  readonly allowed: boolean;
}

/** Folder where the rights that a test run used are collected; nothing is when it is not set. */
export const rightsFolder = 'REDISWORKER_RIGHTS';

/** The rights that operators asked for by their ServiceAccounts, each once. */
export function askedRights(entries: readonly AuditEntry[]): AskedRight[] {
  const asked = entries.filter(isOfOperator).flatMap(rightsOf);
  return [...new Map(asked.map((right) => [JSON.stringify(right), right])).values()];
}

/**
 * Puts what one API server was asked for where the comparison of the whole run looks, when somebody wants it.
 * @param dir where its audit log is
 */
export async function collectRights(dir: string, project: 'cluster' | 'node'): Promise<void> {
  const folder = env[rightsFolder];
  if (folder === undefined) return;
  const entries: AuditEntry[] = [];
  for await (const file of glob(join(dir, 'audit*.log'))) entries.push(...await entriesOfOperators(file));
  await writeFile(join(folder, `rights-${project}-${randomUUID()}.json`), JSON.stringify(askedRights(entries)));
}

/** A log may have a hundred megabytes, and nearly all of it is of others. */
async function entriesOfOperators(file: string): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    // What is being written meanwhile is of others: operators have ended.
    if (line.includes(`"userAgent":"${userAgent}"`)) entries.push(JSON.parse(line) as AuditEntry);
  }
  return entries;
}

const userAgent = 'redisworker-operator';

/** Tests and other programs ask as administrators, or by another name. */
function isOfOperator({ user, userAgent: by }: AuditEntry): boolean {
  return by === userAgent && user.username?.startsWith('system:serviceaccount:') === true;
}

function rightsOf({ verb, objectRef, responseStatus }: AuditEntry): AskedRight[] {
  if (!objectRef?.resource) return [];
  const { apiGroup = '', resource, subresource } = objectRef;
  const code = responseStatus?.code ?? 0;
  const allowed = code !== 403;
  const right = { apiGroup, resource: subresource ? `${resource}/${subresource}` : resource, allowed };
  // An apply that creates is asked for as a patch, and needs both rights.
  const verbs = verb === 'patch' && code === 201 ? ['patch', 'create'] : [verb];
  return verbs.map((one) => ({ ...right, verb: one }));
}
