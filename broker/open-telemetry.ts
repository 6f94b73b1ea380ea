/**
 * Spans of calls by the tracer that Deno has built in, where `OTEL_DENO=true` turns it on. They join the trace of who
 * calls, through as many modules as a call goes.
 */
import type { Telemetry, TelemetryTools, WorkerMsg } from './types.ts';

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

interface Span {
  spanContext(): SpanContext;
  addEvent(name: string): unknown;
  setStatus(status: { readonly code: number; readonly message: string }): unknown;
  end(): void;
}

/** What is active where code runs: a map that is never changed. */
interface ActiveContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): ActiveContext;
}

/** The part of `Deno.telemetry` that is used here, which has the types of OpenTelemetry's API. */
interface DenoTelemetry {
  readonly tracerProvider: {
    getTracer(name: string): { startSpan(name: string, options: object, context: ActiveContext): Span };
  };
  readonly contextManager: {
    active(): ActiveContext;
    with<T>(context: ActiveContext, run: () => T): T;
  };
}

/** Where the API of OpenTelemetry keeps the active span. */
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');
const statusError = 2;

/** For {@link setTelemetry}: Workers and processes of modules, too, tell of their calls then. */
export function openTelemetry(): Telemetry {
  const { tracerProvider, contextManager } = Deno.telemetry as unknown as DenoTelemetry;
  const tracer = tracerProvider.getTracer('redisworker.broker');
  return {
    defaultWorkerModule: new URL('./telemetry-entry.js', import.meta.url).href,
    marshalContext: () => traceparentOf(activeSpan(contextManager.active())),
    msgSpan: async (name, message, fn) => {
      const parent = parentOf(contextManager.active(), name, message);
      const span = started(() => tracer.startSpan(name, { attributes: attributesOf(message) }, parent));
      if (span === undefined) return await fn({ event: () => {} });
      const tools: TelemetryTools = { event: (event) => void span.addEvent(event) };
      try {
        return await contextManager.with(parent.setValue(spanKey, span), () => fn(tools));
      } catch (error) {
        span.setStatus({ code: statusError, message: String(error) });
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

/** Where it is not turned on, there are no spans. */
function started(start: () => Span): Span | undefined {
  try {
    return start();
  } catch {
    return undefined;
  }
}

/** A message that has come is a part of what its sender does; anything else, of what is done here. */
function parentOf(active: ActiveContext, name: string, message: WorkerMsg): ActiveContext {
  const caller = name === 'onmessage' ? spanContextOf(message.context) : undefined;
  return caller === undefined ? active : active.setValue(spanKey, { spanContext: () => caller });
}

function activeSpan(active: ActiveContext): SpanContext | undefined {
  return (active.getValue(spanKey) as Pick<Span, 'spanContext'> | undefined)?.spanContext();
}

/** As W3C Trace Context writes it. */
function traceparentOf(span: SpanContext | undefined): string | undefined {
  return span && `00-${span.traceId}-${span.spanId}-${(span.traceFlags & 1).toString().padStart(2, '0')}`;
}

/** @param text whatever came with a message */
function spanContextOf(text: unknown): SpanContext & { readonly isRemote: true } | undefined {
  const [, traceId, spanId, flags] =
    (typeof text === 'string' && /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text)) || [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16), isRemote: true };
}

/** The names the original has. */
function attributesOf(message: WorkerMsg): Record<string, string> {
  const all = {
    'source.mod': message.sourceModule,
    'source.seg': message.sourceSegregationId,
    'target.mod': message.targetModule,
    'target.seg': message.targetSegregationId,
    fn: message.functionName,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
