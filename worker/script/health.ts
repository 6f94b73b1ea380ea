/** The health of a script, told by the runner in its place. */
import type { Address } from './arguments.ts';

/**
 * Serves `/healthz` (200: the runner works; it ends when the script does) and `/readyz` (200 while `isReady`, else 503).
 * @returns ends the server
 */
export function serveHealth(address: Address, isReady: () => boolean): () => Promise<void> {
  const server = Deno.serve({ ...address, onListen: () => undefined }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/healthz') return new Response('ok\n');
    if (pathname !== '/readyz') return new Response('not found\n', { status: 404 });
    return isReady()
      ? new Response('ok\n')
      : new Response('the script is not up, or Redis does not answer\n', { status: 503 });
  });
  return () => server.shutdown();
}
