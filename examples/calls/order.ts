/** An order: what it costs, and whether there is enough. Two other workers know that. */
import { type Handler, Reply } from 'redisworker';
import { ask } from './ask.ts';

const order: Handler<{ item?: string; count?: number }> = async ({ data }, context) => {
  const { item, count = 1 } = data ?? {};
  if (!item) throw new Reply(400, 'data.item must be what is ordered');
  const [{ cents }, { left }] = await Promise.all([
    ask<{ cents: number }>('price', { item }, context),
    ask<{ left: number }>('stock', { item }, context),
  ]);
  if (left < count) throw new Reply(409, `there are ${left} of ${item}, not ${count}`);
  return { item, count, cents: cents * count };
};

export default order;
