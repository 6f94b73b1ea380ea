/** Requests to one Git host: it may not send us elsewhere, and not more than there is room for. */
import { lookup } from 'node:dns/promises';
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import { deniedProblem, isDenied } from './denied-hosts.ts';
import { hostOf } from './request.ts';

/** What a repository may be, packed, in bytes: 128 MiB. */
const mostBytes = 128 * 1024 * 1024;
const mostRedirects = 5;

/** Why a host is not asked any further, in one sentence. */
export class GitRefused extends Error {
  override readonly name = 'GitRefused';
}

/** A client for one repository. @param signal ends every request */
export function gitHttp(signal: AbortSignal): HttpClient {
  let bytes = 0;
  const count = (more: number): void => {
    bytes += more;
    if (bytes > mostBytes) {
      throw new GitRefused(`the repository has more than ${mostBytes / 1024 / 1024} MiB: name a smaller one`);
    }
  };
  return {
    async request({ url, method = 'GET', headers = {}, body }: GitHttpRequest): Promise<GitHttpResponse> {
      const sent = body === undefined ? undefined : await collected(body);
      const response = await followed(url, {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...(sent ? { body: sent } : {}),
      });
      return {
        url: response.url,
        method,
        statusCode: response.status,
        statusMessage: response.statusText,
        headers: Object.fromEntries(response.headers),
        body: read(response, count),
      };
    },
  };
}

async function followed(url: string, init: RequestInit, hops = 0): Promise<Response> {
  const { hostname } = new URL(url);
  const addresses = await lookup(hostname.replace(/^\[|\]$/g, ''), { all: true }).catch(() => []); // a proxy may know it
  if (addresses.some(({ address }) => isDenied(address))) throw new GitRefused(deniedProblem(url));
  const response = await fetch(url, init);
  const location = response.headers.get('location');
  if (response.status < 300 || response.status > 399 || location === null) return response;
  await response.body?.cancel();
  const next = new URL(location, url).href;
  if (!/^https?:/.test(next) || hostOf(next) !== hostOf(url) || hops >= mostRedirects) {
    throw new GitRefused(
      `${hostOf(url)} sends whoever asks to ${next.slice(0, 200)}: name that address, if it is meant`,
    );
  }
  return followed(next, init, hops + 1);
}

async function* read(response: Response, count: (bytes: number) => void): AsyncIterableIterator<Uint8Array> {
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    count(chunk.length);
    yield chunk;
  }
}

async function collected(body: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
