/** The last. */
import type { Handler } from 'redisworker';

const ship: Handler<{ item: string; grams: number }> = ({ data }) => ({ shipped: data?.item, grams: data?.grams });

export default ship;
