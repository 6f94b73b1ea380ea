/** Signs a text with a key nobody else has. */
import { type Handler, Reply } from 'redisworker';

const signer: Handler<{ text?: string }, { signingKey: string }> = async ({ data }, { secrets }) => {
  if (!data?.text) throw new Reply(400, 'data.text must be what is signed');
  const bytes = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes.encode(secrets.signingKey), algorithm, false, ['sign']);
  return { signature: new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes.encode(data.text))).toHex() };
};

export default signer;
