/** The first: takes an order, and answers before the others have done their part. */
import { type Handler, Reply } from 'redisworker';
import { passOn } from './pass-on.ts';

const intake: Handler<{ item?: string }> = async (request, context) => {
  const { item } = request.data ?? {};
  if (!item) throw new Reply(400, 'data.item must be what is ordered');
  await passOn('pack', { item }, request, context);
  return new Reply(202, { accepted: item });
};

export default intake;
