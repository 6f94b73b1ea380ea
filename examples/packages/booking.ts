/** What a request has to look like is told by a package of npm, which becomes part of the module. */
import { type Handler, Reply } from 'redisworker';
import { z } from 'zod';

const booking = z.object({
  from: z.iso.date(),
  nights: z.int().min(1).max(30),
  guests: z.array(z.string().min(1)).min(1),
});

const book: Handler = ({ data }) => {
  const parsed = booking.safeParse(data);
  if (!parsed.success) throw new Reply(400, z.prettifyError(parsed.error));
  const { from, nights, guests } = parsed.data;
  const until = new Date(Date.parse(from) + nights * 86_400_000).toISOString().slice(0, 10);
  return { from, until, guests: guests.length };
};

export default book;
