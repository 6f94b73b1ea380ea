/** What is to be done whenever it is time. */
import { type Handler, Reply } from 'redisworker';

const report: Handler<{ at?: string }> = ({ data }, { log }) => {
  if (!data?.at) throw new Reply(400, 'data.at must be the time of the report');
  log.info('reported', { at: data.at });
  return { reported: data.at };
};

export default report;
