/** Where an admin has named an OCI registry, bundles are kept there, and pods have them as images by their digest. */
import { filesOf } from '../code/bundle-parts.ts';
import { bundleImage, type ImageBlob, manifestType } from '../code/bundle-image.ts';
import type { ResolvedCode } from '../code/outcome.ts';
import { authorized, type Login, type Permission } from './registry-login.ts';
import { type Answer, type Ask, registryAsk, RegistryError } from './registry-http.ts';

/** A repository of a registry, as an admin names it. */
export interface RegistrySettings {
  /** `host[:port]`. */
  readonly host: string;
  /** Path of the repository there. */
  readonly path: string;
  /** Whether it is asked without TLS. */
  readonly isPlain: boolean;
  /** Who to be there, as it is written now; anybody when there is nothing. */
  readonly login: () => Login | undefined;
  /** Authorities that are trusted beside the public ones, in PEM. */
  readonly trusts?: (() => string) | undefined;
}

/** Keeps bundles. */
export interface BundleStore {
  /** Keeps one, unless it is there. @returns the image it is to pods. @throws RegistryError */
  keep(code: ResolvedCode): Promise<string>;
}

/** A store that is a repository. */
export function bundleStore(settings: RegistrySettings): BundleStore {
  return { keep: (code) => new Push(settings).run(code) };
}

/** One bundle on its way: what is allowed is asked for once. */
class Push {
  readonly #settings: RegistrySettings;
  readonly #ask: Ask;
  #permission: Permission | undefined;

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
    this.#ask = registryAsk(settings);
  }

  async run(code: ResolvedCode): Promise<string> {
    const { host, path } = this.#settings;
    const { manifest, blobs } = await bundleImage(filesOf(code));
    // Many registries remove what has no tag.
    const tag = `code-${code.digest.replace(/^sha256-/, '').slice(0, 40)}`;
    for (const blob of blobs) await this.#blob(blob);
    const headers = { 'content-type': manifestType };
    await this.#expect(201, 'PUT', `/v2/${path}/manifests/${tag}`, { headers, body: manifest.content });
    return `${host}/${path}@${manifest.digest}`;
  }

  async #blob({ digest, content }: ImageBlob): Promise<void> {
    const { path } = this.#settings;
    const found = await this.#try('HEAD', `/v2/${path}/blobs/${digest}`);
    if (found.status === 200) return;
    const { headers: { location = '' } } = await this.#expect(202, 'POST', `/v2/${path}/blobs/uploads/`);
    const upload = new URL(location, this.#origin);
    upload.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    await this.#expect(201, 'PUT', upload.href, { headers, body: content });
  }

  get #origin(): string {
    const { host, isPlain } = this.#settings;
    return `${isPlain ? 'http' : 'https'}://${host}`;
  }

  async #expect(status: number, method: string, path: string, more: Sent = {}): Promise<Answer> {
    const answer = await this.#try(method, path, more);
    if (answer.status === status) return answer;
    const { host, path: repository } = this.#settings;
    const isRefused = answer.status === 401 || answer.status === 403;
    throw new RegistryError(
      `the registry does not take the bundle: ${method} of ${host}/${repository} is answered with ${answer.status}${
        saidIn(answer.text)
      }${isRefused ? '; give a login that may push, by the value code.registry.pushSecret of the chart' : ''}`,
    );
  }

  /** A registry that wants to know who asks says where that is told. */
  async #try(method: string, path: string, { headers = {}, body }: Sent = {}): Promise<Answer> {
    const url = new URL(path, this.#origin);
    const send = () => {
      // What is sent elsewhere, to a store of blobs for example, is signed in its address.
      const isAtHome = url.origin === this.#origin;
      const all = { ...headers, ...(isAtHome && this.#permission ? { authorization: this.#permission } : {}) };
      return this.#ask(method, url, { headers: all, ...(body === undefined ? {} : { body }) });
    };
    const answer = await send();
    if (answer.status !== 401 || this.#permission !== undefined || url.origin !== this.#origin) return answer;
    const { login, path: repository } = this.#settings;
    this.#permission = await authorized(answer, { ask: this.#ask, login: login(), repository, origin: this.#origin });
    return this.#permission === undefined ? answer : await send();
  }
}

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** The code of the first of its errors; what else it says is not repeated. */
function saidIn(text: string): string {
  const [, code] = /"code"\s*:\s*"([A-Z_]{1,40})"/.exec(text) ?? [];
  return code === undefined ? '' : ` (${code})`;
}
