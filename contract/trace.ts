/** The trace: what each service did for one request, a hash any service may add to. */

/** What a worker adds when it has finished; times are ISO 8601. */
export interface Trace {
  readonly received: string;
  readonly completed: string;
  readonly res: unknown;
}

/** The trace field of a worker type: `demo-worker` and `demo_worker` become `demoWorkerTrace`. */
export function traceField(type: string): string {
  return `${type.replace(/[-_]+(.?)/g, (_, letter: string) => letter.toUpperCase())}Trace`;
}

/** The trace field that tells how far a worker of `type` has come, 0 to 100: `demoWorkerProgress`. */
export function progressField(type: string): string {
  return traceField(type).replace(/Trace$/, 'Progress');
}
