import { type Handler, Reply } from 'redisworker';

const cents: Readonly<Record<string, number>> = { tea: 450, cup: 1200 };

const price: Handler<{ item?: string }> = ({ data }) => {
  const found = cents[data?.item ?? ''];
  if (found === undefined) throw new Reply(404, `nobody knows what ${data?.item} costs`);
  return { cents: found };
};

export default price;
