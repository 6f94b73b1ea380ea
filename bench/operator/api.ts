/** The API server as the bench asks it: a few connections that stay open, and watches that cost little. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ControlPlane } from '../../test/support/control-plane/control-plane.ts';

/** Objects asked for, written and watched, as administrator. */
export interface Api {
  /** @throws Error with the API server's words */
  post(path: string, object: object): Promise<void>;
  get(path: string): Promise<unknown>;
  /** Tells every object of a collection, and every change from then on. @returns what ends it */
  watch(collection: string, onObject: (object: unknown) => void): () => void;
  close(): void;
}

const connections = 16;
const refusedMs = 200;

/** Opens a client of the control plane's administrator. */
export function openApi({ dir, serverUrl }: ControlPlane): Api {
  const pki = (name: string): Buffer => readFileSync(join(dir, 'pki', name));
  const identity = { ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') };
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ...identity });
  const ask = (method: string, path: string, body?: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      request(new URL(path, serverUrl), { method, agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 500)}`));
        });
      }).on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    async post(path, object) {
      await ask('POST', path, object);
    },
    get: async (path) => JSON.parse(await ask('GET', path)) as unknown,
    watch(collection, onObject) {
      const url = new URL(`${collection}?watch=1&timeoutSeconds=3600`, serverUrl);
      let stop = (): void => undefined;
      const ask = (): void => {
        const call = request(url, { agent: false, ...identity }, (response) => {
          if (response.statusCode === 200) tellEach(response, onObject);
          else response.resume();
          response.on('end', () => again(ask));
        });
        call.on('error', () => undefined).end(); // it ends with the control plane
        stop = () => void call.destroy();
      };
      /** A kind that has just been installed is refused for a moment, and a server ends the watch of who reads slowly. */
      const again = (task: () => void): void => {
        const timer = setTimeout(task, refusedMs);
        stop = () => clearTimeout(timer);
      };
      ask();
      return () => stop();
    },
    close: () => agent.destroy(),
  };
}

function tellEach(response: IncomingMessage, onObject: (object: unknown) => void): void {
  const lines = createInterface(response);
  lines.on('error', () => undefined).on('line', (line) => {
    onObject((JSON.parse(line) as { object: unknown }).object);
  });
}
