/** Asks a host on the network. */
import { type Handler, Reply } from 'redisworker';

/** permissions.net opens this host, and no other. */
const host = 'https://example.com';

const look: Handler<{ path?: string }> = async ({ data }, { signal }) => {
  if (!data?.path?.startsWith('/')) throw new Reply(400, 'data.path must begin with /');
  const answer = await fetch(`${host}${data.path}`, { signal }); // given up when the time of the request is over
  if (answer.status === 404) throw new Reply(404, `there is no ${data.path}`);
  if (!answer.ok) throw new Error(`${host} answers with ${answer.status}`); // another attempt may help
  return { type: answer.headers.get('content-type'), bytes: (await answer.arrayBuffer()).byteLength };
};

export default look;
