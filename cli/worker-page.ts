/** One worker in depth, as a page of text. Pure: what is known goes in, lines come out; what is not known has no line. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { formatAge } from '../operator/age.ts';
import { announce } from './announce.ts';
import { counted } from '../operator/counted.ts';
import { shortened } from '../operator/redis/requests/printable.ts';
import { alignRows } from './table.ts';
import { type ConsumerView, statusOf, type WorkerStatus } from './worker-status.ts';
import { workerType } from './worker-type.ts';

/** Something that was told about the worker. */
export interface ToldEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** ISO time it came last. */
  readonly lastTime: string;
}

/** The requests nobody could finish. */
export interface DeadLetters {
  readonly stream: string;
  readonly count: number;
  readonly newest?: { readonly id: string; readonly ref?: string; readonly reason: string; readonly time: number };
}

/** What is known beyond the object; absent: not known. */
export interface Beside {
  /** Oldest first. */
  readonly events?: readonly ToldEvent[];
  readonly deadLetters?: DeadLetters;
}

type Row = readonly string[];
const shownEvents = 10;

/** The lines of the page. @param now milliseconds since 1970, for ages */
export function pageOf(worker: KubeObject, beside: Beside, now: number): readonly string[] {
  const status = statusOf(worker);
  const { name, namespace } = worker.metadata;
  const type = workerType(worker);
  return [
    [namespace === undefined ? name : `${namespace}/${name}`, ...(type === name ? [] : [`type ${type}`])].join(', '),
    ...announce(worker).line.split('\n', 1).map(plainText),
    ...section('Conditions', conditionRows(status, now)),
    ...section(`Consumers${told(status.consumersReady, (ready) => ` ${ready} ready`)}`, consumerRows(status, now)),
    ...section('Modules', moduleRows(status)),
    ...section('Scripts', scriptRows(status, now)),
    ...section('Requests', requestRows(status, now)),
    ...section('Responses', responseRows(status, now)),
    ...section('Autoscale', plainRows(status.autoscale, now)),
    ...section('Rollout', plainRows(status.rollout, now)),
    ...section('Code and network', codeRows(status)),
    ...section('Dead letters', status.hats === undefined ? deadLetterRows(beside.deadLetters, now) : []),
    ...section('Events', eventRows(beside.events, now)),
  ];
}

function section(title: string, rows: readonly Row[]): readonly string[] {
  return rows.length === 0
    ? []
    : ['', title, ...alignRows(rows.map((row) => row.map(plainText))).map((text) => `  ${text}`)];
}

function conditionRows({ conditions = [] }: WorkerStatus, now: number): readonly Row[] {
  return conditions.flatMap(({ type, status, reason = '', message = '', lastTransitionTime }) =>
    withText([type, status, reason, since(lastTransitionTime, now)], message)
  );
}

/** Columns nobody knows anything of are left out. */
function consumerRows({ consumers = [], omittedConsumers = 0 }: WorkerStatus, now: number): readonly Row[] {
  if (consumers.length === 0) return [];
  const columns: readonly (readonly [title: string, of: (consumer: ConsumerView) => string])[] = [
    ['ID', ({ id }) => id],
    ['POD', ({ pod = '' }) => pod],
    ['STATE', ({ state = '' }) => state],
    ['PENDING', ({ pending }) => number(pending)],
    ['RESPONSES', ({ total }) => number(total)],
    ['FAILED', ({ failed }) => number(failed)],
    ['P50', ({ p50Ms }) => milliseconds(p50Ms)],
    ['P99', ({ p99Ms }) => milliseconds(p99Ms)],
    ['RESTARTS', ({ restarts }) => number(restarts)],
    ['LAST CODE', ({ lastCode, lastTime }) => told(lastCode, (code) => `${code}${told(lastTime, ago(now))}`)],
    ['WHY NOT READY', ({ reason = '' }) => reason],
  ];
  const shown = columns.filter(([, of]) => consumers.some((consumer) => of(consumer) !== ''));
  return [
    shown.map(([title]) => title),
    ...consumers.map((consumer) => shown.map(([, of]) => of(consumer))),
    ...(omittedConsumers > 0
      ? [[`and ${counted(omittedConsumers, 'more consumer')}, which the status has no row for`]]
      : []),
  ];
}

function moduleRows({ modules = [] }: WorkerStatus): readonly Row[] {
  if (modules.length === 0) return [];
  return [
    ['MODULE', 'STATE', 'CALLS', 'ERRORS', 'MEMORY', 'RESTARTS', 'WHY FAILING'],
    ...modules.map(({ name, state = '', calls, errors, memoryMiB, restarts, reason = '' }) => [
      name,
      state,
      number(calls),
      number(errors),
      told(memoryMiB, (mib) => `${mib}Mi`),
      number(restarts),
      reason,
    ]),
  ];
}

/** How many of each kind there are, then each that failed with why. */
function scriptRows({ hats }: WorkerStatus, now: number): readonly Row[] {
  if (hats === undefined) return [];
  const { crashed = [], ...kinds } = hats;
  return [
    ...Object.entries(kinds).map(([kind, counts]) => {
      const states = Object.entries(counts).filter(([, many]) => many > 0).map(([state, many]) => `${many} ${state}`);
      return [kind, states.join(', ') || 'none'];
    }),
    ...crashed.map(({ key, error, time }) => ['failed', `${key}${told(time, ago(now))}: ${error}`]),
  ];
}

function requestRows({ stream = {} }: WorkerStatus, now: number): readonly Row[] {
  const { lag, pending, scheduled, backlog, oldestPendingTime, length } = stream;
  const parts = [
    ...some(lag, (value) => `${value} not yet delivered`),
    ...some(pending, (value) => `${value} delivered and not acknowledged`),
    ...some(scheduled, (value) => `${value} to be tried again`),
  ].join(', ');
  if (parts === '' && backlog === undefined && length === undefined) return [];
  return [
    ['backlog', `${backlog === undefined ? 'not known' : backlog}${parts === '' ? '' : `: ${parts}`}`],
    ...some(oldestPendingTime, (time) => ['oldest pending', `added${ago(now)(time)}`]),
    ...some(length, (value) => ['stream', `${value} ${value === 1 ? 'entry' : 'entries'}`]),
  ];
}

function responseRows({ responses }: WorkerStatus, now: number): readonly Row[] {
  if (responses === undefined) return [];
  const { total, succeeded, failed, unreadable = 0, codes = {}, lastCode, lastTime, perSecond, sampled, missed } =
    responses;
  const parts = [
    ...some(succeeded, (value) => `${value} succeeded`),
    ...some(failed, (value) => `${value} failed`),
  ].join(', ');
  const mix = Object.entries(codes).sort(([, one], [, other]) => other - one).map(([code, times]) =>
    `${code}: ${times}`
  );
  return [
    ...some(total, (value) => ['total', `${value}${parts === '' ? '' : `: ${parts}`}`]),
    ...(mix.length === 0 ? [] : [['codes', mix.join(', ')]]),
    ...some(perSecond, (value) => ['rate', `${value} per second`]),
    ...some(lastCode, (code) => ['last', `code ${code}${told(lastTime, ago(now))}`]),
    ...(unreadable > 0 ? [['unreadable', `${unreadable}, which are no responses`]] : []),
    ...(isTold(sampled) ? [['sampled', 'the codes are from a part of the responses']] : []),
    ...(isTold(missed)
      ? [['missed', 'responses were trimmed before they were read: they are counted, their codes are from the others']]
      : []),
  ];
}

function codeRows({ source, network }: WorkerStatus): readonly Row[] {
  const { scope, approximations = [] } = network ?? {};
  return [
    ...some(source?.digest, (digest) => ['code', `${digest}${told(source?.bytes, (bytes) => `, ${bytes} bytes`)}`]),
    ...some(scope, (entries) => ['may reach', entries.length === 0 ? 'nothing but its Redis' : entries.join(', ')]),
    ...approximations.map((sentence) => ['not exact', sentence]),
  ];
}

/** Fields of whoever writes them: words, numbers and times as they are, parts by their path. */
function plainRows(part: Readonly<Record<string, unknown>> | undefined, now: number, path = ''): readonly Row[] {
  return Object.entries(part ?? {}).flatMap(([name, value]): readonly Row[] => {
    const title = `${path}${words(name)}`;
    if (typeof value === 'number' || typeof value === 'boolean') return [[title, String(value)]];
    if (typeof value === 'string') return [[title, name.endsWith('Time') ? `${value}${ago(now)(value)}` : value]];
    if (Array.isArray(value)) return [[title, value.map(String).join(', ')]];
    return typeof value === 'object' && value !== null
      ? plainRows(value as Readonly<Record<string, unknown>>, now, `${title} `)
      : [];
  });
}

function deadLetterRows(letters: DeadLetters | undefined, now: number): readonly Row[] {
  if (letters === undefined) return [];
  const { count, stream, newest } = letters;
  return [
    ['count', count === 0 ? `none on ${stream}` : `${count} on ${stream}`],
    ...some(newest, ({ id, ref, reason, time }) => [
      'newest',
      `${id}${told(ref, (name) => `, ref ${name}`)}, ${formatAge((now - time) / 1000)} ago: ${shortened(reason, 200)}`,
    ]),
  ];
}

function eventRows(events: readonly ToldEvent[] | undefined, now: number): readonly Row[] {
  return (events ?? []).slice(-shownEvents).reverse().flatMap(({ type, reason, message, count, lastTime }) =>
    withText([since(lastTime, now), type, reason], `${message}${count > 1 ? ` (${count} times)` : ''}`)
  );
}

/** A row that ends with a text, whose further lines stand below its first. */
function withText(cells: Row, text: string): readonly Row[] {
  const [first = '', ...more] = text.trimEnd().split('\n');
  return [[...cells, first], ...more.map((below) => [...cells.map(() => ''), below])];
}

function some<Value, Shown>(value: Value | undefined, show: (value: Value) => Shown): readonly Shown[] {
  return value === undefined ? [] : [show(value)];
}

function told<Value>(value: Value | undefined, show: (value: Value) => string): string {
  return value === undefined ? '' : show(value);
}

/** A mark that is set, or a number that is not 0. */
function isTold(mark: unknown): boolean {
  return mark === true || (typeof mark === 'number' && mark > 0);
}

function number(value: number | undefined): string {
  return told(value, String);
}

function milliseconds(value: number | undefined): string {
  return told(value, (ms) => `${Math.round(ms * 10) / 10}ms`);
}

function since(time: string | undefined, now: number): string {
  const then = Date.parse(time ?? '');
  return Number.isNaN(then) ? '' : formatAge((now - then) / 1000);
}

function ago(now: number): (time: string) => string {
  return (time) => told(since(time, now) || undefined, (age) => `, ${age} ago`);
}

/** `lastScaleTime` as `last scale time`. */
function words(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** What a pod or a server said may hold anything; what moves the cursor is not printed. */
function plainText(cell: string): string {
  return cell.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').trimEnd();
}
