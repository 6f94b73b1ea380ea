import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ratiosOf, type Results, type Round } from './results.ts';
import { workerParts } from './worker-page.ts';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ...rows].map((cells) => cells.join(' | ')).join('\n');
const measured = (perSecond: number, more: object = {}) => ({
  requests: 10,
  perSecond,
  workerUs: 2,
  serverUs: 4,
  ...more,
});
const warm = (perSecond: number) =>
  measured(perSecond, { firstPerSecond: perSecond / 2, warmPerSecond: perSecond * 2 });

/** What the bench recorded before it measured anything lean. */
const earlier: Round = {
  reference: measured(10),
  ours: warm(80),
  bound: warm(100),
  bullmq1: measured(5),
  bullmq100: measured(20),
  delayedReference: measured(1),
  delayedOurs: measured(50),
  latencyReference: { p50: 200, p99: 2000 },
  latencyOurs: { p50: 100, p99: 950 },
};
const coldStarts = [{ ms: 25, restingMb: 47 }];
const results = (found: Pick<Results, 'rounds' | 'coldStarts' | 'sharing' | 'payloads'>): Results => ({
  measured: '2026-11-30',
  machine: 'a machine',
  server: 'Redis 7.0.15',
  pinned: true,
  quick: false,
  proxyPingMs: 2.2,
  ...found,
  ratios: ratiosOf(found),
});

describe('ratios', () => {
  it('are those of the warm-up and of what is behind it, of tail and server, and of lean to its peers', () => {
    const round = {
      ...earlier,
      lean: { ...warm(180), serverUs: 1 },
      leanBound: warm(200),
      bullmq100Removing: measured(15),
      leanBesideChasquimq: measured(150),
      chasquimq: measured(100),
    };
    const sharing = [1, 4].map((consumers) => ({
      ...measured(1),
      serverUs: 10 + consumers,
      consumers,
      idlePerSecond: 0.5,
      idleCommands: {},
    }));
    const payload = { requests: 1, perSecond: 1, mbPerSecond: 90, copyMbPerSecond: 100, peakMb: 90 };
    const payloads = [{ ...payload, bytes: 100_000 }, { ...payload, bytes: 1_000_000, mbPerSecond: 80 }];
    expect(ratiosOf({ rounds: [round], coldStarts, sharing, payloads })).toMatchObject({
      throughputToBound: 0.8,
      warmToBound: 0.8,
      warmupToBound: 0.8,
      leanToBound: 0.9,
      leanToFull: 2.25,
      leanToBullmq100: 12,
      leanToChasquimq: 1.5,
      p99Ms: 0.95,
      serverUsFull: 4,
      serverUsLean: 1,
      sharingServerUs: 1.27,
      idlePerSecond: 0.5,
      payload100kToCopy: 0.9,
      payload1mToCopy: 0.8,
    });
  });

  it('leave out what was not measured', () => {
    expect(ratiosOf({ rounds: [earlier], coldStarts })).not.toHaveProperty('leanToChasquimq');
  });
});

describe('the part of the page about the Handler runtime', () => {
  it('says of each contender what it leaves behind', () => {
    const page = workerParts(results({ rounds: [{ ...earlier, chasquimq: measured(100) }], coldStarts }), table).join(
      '\n',
    );
    expect(page).toMatch(/ChasquiMQ, 100 workers \| 100 .* \| nothing: the job is deleted/);
    expect(page).toMatch(/^BullMQ, concurrency 100 \| .* \| the same/m);
  });

  it('has no row and no target of what earlier results lack', () => {
    const page = workerParts(results({ rounds: [earlier], coldStarts }), table).join('\n');
    expect(page).not.toContain('lean');
    expect(page).not.toContain('undefined');
    expect(page).not.toContain('NaN');
  });

  it('says why a contender is missing', () => {
    const found = results({ rounds: [earlier], coldStarts });
    expect(workerParts({ ...found, notMeasured: ['ChasquiMQ is not measured: no cargo'] }, table)).toContain(
      'ChasquiMQ is not measured: no cargo',
    );
  });

  it('sets no target that the host alone decides on', () => {
    const page = workerParts(results({ rounds: [earlier], coldStarts }), table).join('\n');
    expect(page).toMatch(/^throughput \/ reference loop \|  \| 8 /m);
    expect(page).toMatch(/^at 2 ms round trip \/ reference loop \|  \| 50 /m);
  });

  it('reads what is recorded', () => {
    const recorded = JSON.parse(readFileSync(new URL('results/worker.json', import.meta.url), 'utf8')) as Results;
    expect(workerParts(recorded, table).join('\n')).not.toMatch(/undefined|NaN/);
  });
});
