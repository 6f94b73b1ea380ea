/** What the address asks for: `#/`, or `#/namespace/name` and a tab of that worker. */
import { useEffect, useState } from 'preact/hooks';

/** A worker in depth, and which part of it. */
export interface Route {
  readonly worker?: { readonly namespace: string; readonly name: string };
  readonly tab: string;
}

/** The address of a worker. */
export function addressOf(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  tab = '',
): string {
  return `#/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${tab === '' ? '' : `/${tab}`}`;
}

/** Follows the address. */
export function useRoute(): Route {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const read = (): void => set(location.hash);
    const changed = (): void => {
      read();
      scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    read(); // it may have changed between the first paint and now
    return () => removeEventListener('hashchange', changed);
  }, []);
  return routeOf(hash);
}

function routeOf(hash: string): Route {
  const [, namespace = '', name = '', tab = ''] = hash.split('/').map(decoded);
  return name === '' ? { tab: '' } : { worker: { namespace, name }, tab };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
