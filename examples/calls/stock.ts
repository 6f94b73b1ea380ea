import type { Handler } from 'redisworker';

const stock: Handler<{ item?: string }> = ({ data }) => ({ left: data?.item === 'tea' ? 12 : 3 });

export default stock;
