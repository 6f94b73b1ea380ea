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
  const [route, set] = useState(read);
  useEffect(() => {
    const changed = (): void => {
      set(read());
      scrollTo(0, 0);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

function read(): Route {
  const [, namespace = '', name = '', tab = ''] = location.hash.split('/').map(decoded);
  return name === '' ? { tab: '' } : { worker: { namespace, name }, tab };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
