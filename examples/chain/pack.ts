/** The second. */
import type { Handler } from 'redisworker';
import { passOn } from './pass-on.ts';

const pack: Handler<{ item: string }> = async (request, context) => {
  const parcel = { item: request.data?.item, grams: 250 };
  await passOn('ship', parcel, request, context);
  return parcel;
};

export default pack;
