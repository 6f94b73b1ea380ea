/** Requests to a registry: bounded in time and in what is read. */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { rootCertificates } from 'node:tls';

/** Why a registry did not take a bundle, in one sentence. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The beginning of it. */
  readonly text: string;
}

/** Asks. @throws RegistryError when no answer comes */
export type Ask = (
  method: string,
  url: URL,
  sent: { readonly headers: Readonly<Record<string, string>>; readonly body?: Buffer },
) => Promise<Answer>;

/** How long one request may take, in ms, and what of an answer is read, in bytes. */
const longestMs = 60_000;
const mostBytes = 64 * 1024;

/** Asks a registry, and whoever it sends us to. @param trusts authorities beside the public ones, in PEM */
export function registryAsk({ trusts }: { readonly trusts?: (() => string) | undefined }): Ask {
  return (method, url, { headers, body }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const options = {
      method,
      headers: { ...headers, 'content-length': String(body?.length ?? 0) },
      signal: AbortSignal.timeout(longestMs),
      ...(trusts === undefined ? {} : { ca: [...rootCertificates, trusts()] }),
    };
    const request = (url.protocol === 'http:' ? plain : secure)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        if (size < mostBytes) chunks.push(chunk);
        size += chunk.length;
      });
      response.once('error', fail);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
          ),
          text: Buffer.concat(chunks).subarray(0, mostBytes).toString(),
        }));
    });
    const fail = ({ name, message, code }: NodeJS.ErrnoException): void =>
      reject(
        new RegistryError(
          `the registry ${url.host} cannot be asked: ${
            name === 'AbortError' || name === 'TimeoutError'
              ? `it did not answer within ${longestMs / 1000} s`
              : message || code || 'the connection broke'
          }`,
        ),
      );
    request.once('error', fail);
    request.end(body);
    return promise;
  };
}
