/** Probes of components that have just been started. */
import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';

/** True when the API server gives the administrator this path. */
export function isServed(dir: string, port: number, path: string): Promise<boolean> {
  const pki = (name: string): Buffer => readFileSync(join(dir, 'pki', name));
  return answers({ port, path, ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') });
}

/** True when a component with a certificate of its own making calls itself healthy. */
export function isHealthy(port: number): Promise<boolean> {
  return answers({ port, path: '/healthz', rejectUnauthorized: false });
}

function answers(options: RequestOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', agent: false, timeout: 2000, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
    call.end();
  });
}
