/** What is to be done whenever it is time. */
import { type Handler, Reply } from 'redisworker';

const run: Handler<{ at?: string }> = ({ data }, { log }) => {
  if (!data?.at) throw new Reply(400, 'data.at must be the time it is done for');
  log.info('done', { at: data.at });
  return { done: data.at };
};

export default run;
