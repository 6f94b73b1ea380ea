/** `spec.telemetry`: where the worker's processes send traces and log lines. */
import { z } from 'zod';
import { portPattern, text } from '../bounded.ts';
import { matches, withRules } from '../rules.ts';
import { hostPattern } from './net-entry.ts';

const endpoint = withRules(
  text(300),
  matches(
    `^https?://${hostPattern}:${portPattern}$`,
    'telemetry.endpoint must be http://host:port or https://host:port of an OpenTelemetry collector, without a login, a path or a "*"',
  ),
);

/** Traces by OpenTelemetry, which Deno has built in. */
export const telemetry = z.object({
  endpoint: endpoint.describe(
    'OpenTelemetry collector: http://host:port or https://host:port. The network policy opens it, and the code may reach it only when permissions.net says so.',
  ),
  protocol: z.enum(['HttpProtobuf', 'HttpJson', 'Grpc']).default('HttpProtobuf').describe(
    'What the collector speaks on that port.',
  ),
  sampleRatio: z.number().min(0).max(1).default(1).describe(
    'Part of the requests that are traced, 0.05 for 5 of 100; of a request with a traceparent its caller has decided.',
  ),
});
