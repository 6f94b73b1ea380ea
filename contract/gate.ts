/**
 * The network gate: before user code runs, the runtime reaches its Redis and is then refused by the operator's canary.
 * What came of it stands in a field of the config hash that belongs to the worker: the operator reads it and never
 * removes it.
 */

/** Field of the config hash that holds the JSON of a {@link GateReport}. */
export const gateField = 'gate';

/** `Refused`: the network is closed. `Open`: the canary answered to the deadline. `Unverified`: it could not be dialled. */
export type GateResult = (typeof results)[number];
const results = ['Refused', 'Open', 'Unverified'] as const;

/** What a process found at the gate. */
export interface GatePassage {
  readonly result: GateResult;
  /** Milliseconds from the start of the gate to its end. */
  readonly ms: number;
  /** How often the canary was dialled and answered. */
  readonly opened: number;
}

/** What stands in the hash; of any pod but the owner it says nothing. */
export interface GateReport extends GatePassage {
  /** UID of the pod. */
  readonly owner: string;
}

/** The text of a report. */
export function encodeGateReport({ result, owner, ms, opened }: GateReport): string {
  return JSON.stringify({ result, owner, ms, opened });
}

/** The text of a passage, as one process of a pod tells it to another. */
export function encodeGatePassage({ result, ms, opened }: GatePassage): string {
  return JSON.stringify({ result, ms, opened });
}

/** Reads a report; undefined when the text is none. */
export function decodeGateReport(text: string | undefined): GateReport | undefined {
  const passage = decodeGatePassage(text);
  const { owner } = parsed(text);
  return passage && typeof owner === 'string' ? { ...passage, owner } : undefined;
}

/** Reads a passage; undefined when the text is none. */
export function decodeGatePassage(text: string | undefined): GatePassage | undefined {
  const { result, ms, opened } = parsed(text);
  const known = results.find((one) => one === result);
  return known && isCount(ms) && isCount(opened) ? { result: known, ms, opened } : undefined;
}

function parsed(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {}; // an error that is thrown costs Deno milliseconds, the first time
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
