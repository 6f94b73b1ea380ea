/** The worker's secret: JSON under AES-128-CBC with PKCS7 padding, its key on one stdin line. */
import type { EncryptedSecret } from './config-hash.ts';
import { maxKeyLineBytes } from './limits.ts';

/** Value of `encryptedAlg`. */
export const secretAlgorithm = 'aes-128-cbc';

const keyBytes = 16;

/** The stdin line for a key: `worker-v0 <32 hex digits>` and a line end. */
export function encodeKeyLine(keyHex: string): string {
  return `worker-v0 ${keyHex}\n`;
}

/**
 * Reads the key line.
 * @returns the AES key in hex
 * @throws Error when it is too long or not `worker-v0 <32 hex digits>`; the text is never repeated.
 */
export function decodeKeyLine(line: string): string {
  if (new TextEncoder().encode(line).length > maxKeyLineBytes) {
    throw new Error(`the key line is longer than ${maxKeyLineBytes} bytes`);
  }
  const match = /^worker-v0 ([0-9a-fA-F]{32})\r?\n?$/.exec(line);
  if (!match?.[1]) throw new Error('the key line must read "worker-v0 <32 hex digits>"');
  return match[1].toLowerCase();
}

/** A fresh random AES-128 key in hex. */
export function generateKey(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(keyBytes)));
}

/**
 * Encrypts `json` for a worker of `type`; the type goes in, so that a secret cannot be moved to another worker.
 * @param keyHex AES-128 key, 32 hex digits
 * @param ivHex  16 bytes in hex; random when absent
 */
export async function encryptSecret(
  type: string,
  json: Readonly<Record<string, unknown>>,
  keyHex: string,
  ivHex: string = toHex(crypto.getRandomValues(new Uint8Array(16))),
): Promise<EncryptedSecret> {
  const key = await importKey(keyHex, 'encrypt');
  const plain = new TextEncoder().encode(JSON.stringify({ ...json, type }));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-CBC', iv: fromHex(ivHex) }, key, plain);
  return { alg: secretAlgorithm, iv: ivHex, json: toBase64(new Uint8Array(sealed)) };
}

/**
 * Decrypts a secret of a worker of `type`.
 * @throws Error on another algorithm, a wrong key, or a secret made for another type; no secret text in it.
 */
export async function decryptSecret(
  type: string,
  secret: EncryptedSecret,
  keyHex: string,
): Promise<Record<string, unknown>> {
  if (secret.alg !== secretAlgorithm) throw new Error(`encryptedAlg must be "${secretAlgorithm}"`);
  const value = await openSecret(secret, keyHex);
  if (typeof value !== 'object' || value === null || (value as Record<string, unknown>)['type'] !== type) {
    throw new Error(`the secret was not made for worker type "${type}"`);
  }
  return value as Record<string, unknown>;
}

async function openSecret(secret: EncryptedSecret, keyHex: string): Promise<unknown> {
  const key = await importKey(keyHex, 'decrypt');
  try {
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-CBC', iv: fromHex(secret.iv) },
      key,
      fromBase64(secret.json),
    );
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain));
  } catch {
    // The cause could quote decrypted bytes; a wrong key is by far the likeliest reason.
    throw new Error('encryptedJson cannot be decrypted with the key on stdin');
  }
}

/** `CryptoKey`, named in a way both Node's and Deno's types know. */
type SubtleKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

function importKey(keyHex: string, use: 'encrypt' | 'decrypt'): Promise<SubtleKey> {
  return crypto.subtle.importKey('raw', fromHex(keyHex), 'AES-CBC', false, [use]);
}

/**
 * A password as it is meant: line ends that an editor or `echo` leaves behind it are no part of it, blanks are.
 * All of them go at once, so that whoever passes it on and whoever reads it then mean the same.
 */
export function withoutLineEnds(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-fA-F]{2})+$/.test(hex)) throw new Error('not hexadecimal');
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
