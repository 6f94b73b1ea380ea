/** Probes of components that have just been started. */
import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';

/** True when the API server at an `https` address gives the administrator of the folder's control plane this path. */
export function isServed(dir: string, serverUrl: string, path: string): Promise<boolean> {
  const pki = (name: string): Buffer => readFileSync(join(dir, 'pki', name));
  return answers(new URL(path, serverUrl), { ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') });
}

/** True when a component of this machine with a certificate of its own making calls itself healthy. */
export function isHealthy(port: number): Promise<boolean> {
  return answers(new URL(`https://127.0.0.1:${port}/healthz`), { rejectUnauthorized: false });
}

function answers(url: URL, options: RequestOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(url, { agent: false, timeout: 2000, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
    call.end();
  });
}
