/** The API server by plain HTTP, through `kubectl proxy`: thousands of questions without starting kubectl for each. */
import { inject } from 'vitest';
import { start } from './processes.ts';
import { eventually } from './wait.ts';

/** The API server's answer: an object, or a Status that says why not. */
export interface Answer {
  readonly status: number;
  /** Message of the Status; empty when the object was taken. */
  readonly message: string;
  readonly object: Record<string, unknown>;
}

/** Asks the shared API server; to be stopped. */
export interface ApiClient {
  /** Asks whether an object would be created, as strictly as kubectl does; nothing is created. */
  wouldCreate(collection: string, object: object): Promise<Answer>;
  /** Sends an object, or a patch of one, to a path; without one it is read. */
  send(method: 'GET' | 'PUT' | 'PATCH', path: string, object?: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts `kubectl proxy` on a free port. */
export async function openApiClient(): Promise<ApiClient> {
  const proxy = start(inject('kubectl'), ['proxy', '--port=0'], {
    env: { ...process.env, KUBECONFIG: inject('kubeconfig') },
  });
  const address = await eventually(
    'kubectl proxy tells its address',
    () => /127\.0\.0\.1:\d+/.exec(proxy.output())?.[0],
  );
  return {
    async wouldCreate(collection, object) {
      const response = await fetch(`http://${address}${collection}?dryRun=All&fieldValidation=Strict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(object),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      return { status: response.status, message: response.ok ? '' : String(answer['message']), object: answer };
    },
    async send(method, path, object) {
      const response = await fetch(`http://${address}${path}`, {
        method,
        headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
        ...(object === undefined ? {} : { body: JSON.stringify(object) }),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      return { status: response.status, message: response.ok ? '' : String(answer['message']), object: answer };
    },
    stop: () => proxy.stop(),
  };
}
