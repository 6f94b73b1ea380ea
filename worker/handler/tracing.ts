/**
 * A span for each request, made by the tracer that Deno has built in and that the pod's environment directs. What a
 * handler fetches and logs joins it, and it joins the caller's trace, which the field "traceparent" names (W3C Trace
 * Context).
 */
import { isSuccess } from '../../contract/reply.ts';
import { parseTraceparent, traceparentField } from '../../contract/traceparent.ts';
import { textOf } from '../redis/replies.ts';
import { valueOf } from './entry.ts';
import type { Held } from './in-flight.ts';
import type { Outcome } from './outcome.ts';

/** The part of a span of OpenTelemetry that is used here. */
export interface Span {
  setAttribute(name: string, value: string | number): unknown;
  setStatus(status: { readonly code: number; readonly message: string }): unknown;
  end(): void;
}

/** What is active where code runs: a map that is never changed. */
export interface ActiveContext {
  setValue(key: symbol, value: unknown): ActiveContext;
}

/** The part of `Deno.telemetry` that is used here, which has the types of OpenTelemetry's API. */
export interface Telemetry {
  readonly tracerProvider: {
    getTracer(name: string): {
      startSpan(name: string, options: object, context: ActiveContext): Span;
    };
  };
  readonly contextManager: {
    active(): ActiveContext;
    with<T>(context: ActiveContext, run: () => T): T;
  };
}

/** Requests whose spans are open. */
export interface Tracing {
  /** Begins the span of a request and runs `handler` within it. */
  run<T>(held: Held, handler: () => T): T;
  /** Runs something else within it. */
  within<T>(held: Held, act: () => T): T;
  /** Ends it with what became of the request. */
  end(held: Held, outcome: Outcome): void;
}

/** Where the API of OpenTelemetry keeps the active span. */
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');
const kindConsumer = 4;
const statusError = 2;

/** Spans of the requests of one consumer. */
export function startTracing(
  { tracerProvider, contextManager }: Telemetry,
  { type, consumerId }: { readonly type: string; readonly consumerId: string },
): Tracing {
  const tracer = tracerProvider.getTracer('redisworker');
  const open = new WeakMap<Held, { readonly span: Span; readonly context: ActiveContext }>();
  const within = <T>(held: Held, act: () => T): T => {
    const opened = open.get(held);
    return opened === undefined ? act() : contextManager.with(opened.context, act);
  };
  return {
    within,
    run(held, handler) {
      const context = withCaller(contextManager.active(), held);
      const span = tracer.startSpan(type, { kind: kindConsumer, attributes: attributesOf(held, consumerId) }, context);
      open.set(held, { span, context: context.setValue(spanKey, span) });
      return within(held, handler);
    },
    end(held, { answer, failed }) {
      const span = open.get(held)?.span;
      if (span === undefined) return;
      open.delete(held);
      if (answer !== undefined) span.setAttribute('redisworker.code', answer.code);
      const why = failed ?? (answer === undefined || isSuccess(answer.code) ? undefined : `code ${answer.code}`);
      if (why !== undefined) span.setStatus({ code: statusError, message: why });
      span.end();
    },
  };
}

function attributesOf({ ref, entry }: Held, consumer: string): Record<string, string | number> {
  return {
    'messaging.system': 'redis',
    'messaging.operation.type': 'process',
    'messaging.message.id': entry.xid,
    'redisworker.ref': ref,
    'redisworker.consumer': consumer,
    'redisworker.attempt': entry.attempt,
  };
}

/** The span of the caller is the active one before there is one of the request. */
function withCaller(context: ActiveContext, { entry }: Held): ActiveContext {
  const caller = parseTraceparent(textOf(valueOf(entry, traceparentField)));
  if (caller === undefined) return context;
  const { traceId, spanId, sampled } = caller;
  return context.setValue(spanKey, {
    spanContext: () => ({ traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true }),
  });
}
