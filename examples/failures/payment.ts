/** What fails: for now, for good, or because the caller is wrong. */
import { DoNotRetry, type Handler, Reply } from 'redisworker';

const payment: Handler<{ card?: string }> = ({ data }, { attempt, log }) => {
  switch (data?.card) {
    case undefined:
      throw new Reply(400, 'data.card must be a card'); // an answer like any other: no retry, no dead letter
    case 'stolen':
      throw new DoNotRetry('this card is reported stolen'); // a dead letter at once
    case 'slow':
      if (attempt < 3) throw new Error('the bank does not answer'); // tried again after a while
      log.info('paid in the end', { attempt });
      return { paid: true, attempt };
    default:
      throw new Error('the bank does not answer'); // a dead letter once the attempts are used up
  }
};

export default payment;
