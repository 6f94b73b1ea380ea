/** Turns refusals and broken connections into a ClusterError of one sentence, without headers or bodies. */
import { ClusterError } from '../cluster.ts';

/** The request a fault belongs to, as it is named in messages. */
export interface Asked {
  readonly method: string;
  /** Path and query; only the path is shown. */
  readonly path: string;
}

/** An answer that is not a success. */
export interface Refusal {
  readonly status: number;
  /** Seconds, as the header says. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Reads the API server's Status; another answer (of a proxy, say) is told by its number alone. */
export function refusalError(asked: Asked, { status, retryAfter, body }: Refusal): ClusterError {
  const answer = parseStatus(body);
  const details = recordOf(answer?.['details']);
  const retryAfterMs = secondsToMs(retryAfter) ?? secondsToMs(details?.['retryAfterSeconds']);
  if (status === 404 && typeof details?.['name'] !== 'string') {
    return new ClusterError(
      404,
      'NotServed',
      `the API server does not serve ${pathOf(asked)}: install its CustomResourceDefinition (kubectl apply -f crds/)`,
    );
  }
  const isEnding = isTerminating(details) || isWithoutNamespace(asked, details);
  const reason = isEnding ? 'NamespaceTerminating' : textOf(answer?.['reason']) ?? `Http${status}`;
  const message = textOf(answer?.['message']) ?? `the API server answered ${status}`;
  return new ClusterError(
    status,
    reason,
    `${message} (${asked.method} ${pathOf(asked)})${fixFor(status, message)}`,
    retryAfterMs,
  );
}

/** A namespace that is being deleted takes nothing new, and says so among the causes of a Forbidden. */
function isTerminating(details: Record<string, unknown> | undefined): boolean {
  const causes = Array.isArray(details?.['causes']) ? details['causes'] as readonly unknown[] : [];
  return causes.some((cause) => recordOf(cause)?.['reason'] === 'NamespaceTerminating');
}

/** What is written into a namespace that is gone is refused for the sake of that namespace. */
function isWithoutNamespace({ path }: Asked, details: Record<string, unknown> | undefined): boolean {
  return details?.['kind'] === 'namespaces' && /\/namespaces\/[^/?]+\//.test(path);
}

/** Quotas and admission answer 403 as well: only a missing right is mended by granting it. */
function fixFor(status: number, message: string): string {
  return status === 403 && /cannot \S+ resource/.test(message)
    ? ": grant the operator's service account this verb"
    : '';
}

/** Reads the Status inside an ERROR event of a watch. */
export function watchEventError(asked: Asked, object: unknown): ClusterError {
  const status = recordOf(object);
  const code = typeof status?.['code'] === 'number' ? status['code'] : 500;
  const reason = code === 410 ? 'Expired' : textOf(status?.['reason']) ?? 'WatchError';
  return new ClusterError(
    code,
    reason,
    `${textOf(status?.['message']) ?? 'the watch failed'} (watch of ${pathOf(asked)})`,
  );
}

/** No answer came: the network, TLS or our own deadline. */
export function silenceError(asked: Asked, server: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new ClusterError(
      0,
      'Timeout',
      `the API server at ${server} did not answer ${asked.method} ${pathOf(asked)} in time`,
    );
  }
  const cause = causeOf(error);
  const refused = new ClusterError(
    0,
    'Unreachable',
    `no answer from the API server at ${server} to ${asked.method} ${pathOf(asked)}: ${cause}`,
  );
  refused.cause = error;
  return refused;
}

function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  return `${code}${error.message}`;
}

function pathOf({ path }: Asked): string {
  return path.split('?', 1)[0] ?? path;
}

function parseStatus(body: string): Record<string, unknown> | undefined {
  try {
    return recordOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function secondsToMs(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined;
}
