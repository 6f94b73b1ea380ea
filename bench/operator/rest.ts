/** What the operator does when there is nothing to do. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { processorMs } from '../proc.ts';
import { type MeasuredOperator, operatorAccount, type Stage } from './stage.ts';
import { type Traffic, trafficOf } from './traffic.ts';

/** Per minute or second of rest. */
export interface AtRest {
  readonly writesPerMinute: number;
  readonly cpuSecondsPerMinute: number;
  readonly redisCommandsPerSecond: number;
  readonly redisConnections: number;
}

const minuteMs = 60_000;
const quietMs = 20_000;

/** Waits until the operator has written nothing for a while. @throws Error when it goes on and on */
export async function settled(stage: Stage, deadlineMs = 300_000): Promise<void> {
  for (const end = Date.now() + deadlineMs; Date.now() < end;) {
    await delay(quietMs);
    const { writes, events } = await trafficSince(stage, Date.now() - quietMs);
    if (writes + events === 0) return;
  }
  throw new Error(`the operator still writes ${deadlineMs / 1000} s after all workers are Ready`);
}

/** Looks at a minute of it. */
export async function measureRest(stage: Stage, operator: MeasuredOperator): Promise<AtRest> {
  const { client } = stage.redis;
  const redisConnections = await othersConnected(client);
  const begun = performance.now();
  const from = Date.now();
  const [cpu, commands] = [processorMs(operator.pid), await commandsProcessed(client)];
  await delay(minuteMs);
  const [cpuAfter, commandsAfter] = [processorMs(operator.pid), await commandsProcessed(client)];
  const seconds = (performance.now() - begun) / 1000;
  await delay(1000); // what was asked is in the audit log by then
  const { writes, events } = await trafficSince(stage, from);
  return {
    writesPerMinute: ((writes + events) / seconds) * 60,
    cpuSecondsPerMinute: ((cpuAfter - cpu) / 1000 / seconds) * 60,
    redisCommandsPerSecond: (commandsAfter - commands - 1) / seconds, // one was our own
    redisConnections,
  };
}

async function trafficSince(stage: Stage, from: number): Promise<Traffic> {
  return trafficOf(await stage.cluster.auditLog(), operatorAccount, from, Date.now());
}

async function commandsProcessed(client: Redis): Promise<number> {
  const [, count] = /total_commands_processed:(\d+)/.exec(await client.info('stats')) ?? [];
  return Number(count);
}

/** Connections beside this one. */
async function othersConnected(client: Redis): Promise<number> {
  return String(await client.client('LIST')).trim().split('\n').length - 1;
}
