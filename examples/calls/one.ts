/** All three in one process. */
import { serveHere } from './ask.ts';
import order from './order.ts';
import price from './price.ts';
import stock from './stock.ts';

serveHere({ price, stock });

export default order;
