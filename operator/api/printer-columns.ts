/** What is shown of a worker in one line, by kubectl and by `redisworker status`. */

/** A column of `kubectl get redisworkers` and of the status table of local mode. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  /** JSONPath of the simple kind: fields, and one filter on the type of a condition. */
  readonly jsonPath: string;
  /** 0: always shown; 1: with `-o wide` alone. */
  readonly priority: number;
  readonly description: string;
}

const ready = '.status.conditions[?(@.type=="Ready")]';

/** In the order they are shown. */
export const printerColumns: readonly PrinterColumn[] = [
  column('Ready', 'string', `${ready}.status`, 'Whether every wanted consumer works.'),
  column('Consumers', 'string', '.status.consumersReady', 'Ready and wanted consumers.'),
  column('Backlog', 'integer', '.status.stream.backlog', 'Requests that are not finished.'),
  column('OK', 'integer', '.status.responses.succeeded', 'Responses with a code from 200 to 299.'),
  column('Failed', 'integer', '.status.responses.failed', 'Responses with any other code.'),
  column('Age', 'date', '.metadata.creationTimestamp', 'Time since the worker was created.'),
  column('Reason', 'string', `${ready}.reason`, 'Why it is ready or not.', 1),
  column('Lag', 'integer', '.status.stream.lag', 'Requests not yet delivered.', 1),
  column('Pending', 'integer', '.status.stream.pending', 'Requests delivered and not acknowledged.', 1),
  column('Scope', 'string', '.status.network.scopeSummary', 'What the worker may reach.', 1),
];

function column(
  name: string,
  type: PrinterColumn['type'],
  jsonPath: string,
  description: string,
  priority = 0,
): PrinterColumn {
  return { name, type, jsonPath, description, priority };
}
