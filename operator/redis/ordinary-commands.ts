/**
 * The commands code may use on keys and channels that `spec.redis` opens to it: all that read and write data by its key.
 * Left out is what looks at other keys (SCAN, KEYS, RANDOMKEY, SORT), at other databases (COPY, MOVE), at the server, and
 * whatever runs code there. Redis 7.0; what is newer is left out by servers that do not know it.
 */

const strings = [
  'append decr decrby get getdel getex getrange getset incr incrby incrbyfloat lcs mget mset msetnx psetex set setex',
  'setnx setrange strlen substr',
];
const hashes = [
  'hdel hexists hexpire hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset hsetex hsetnx',
  'hstrlen hvals',
];
const lists = [
  'blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange lrem lset ltrim',
  'rpop rpoplpush rpush rpushx',
];
const sets = [
  'sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop srandmember srem',
  'sscan sunion sunionstore',
];
const sortedSets = [
  'bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop',
  'zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex',
  'zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore',
];
const streams = [
  'xack xadd xautoclaim xclaim xdel xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid',
  'xinfo|consumers xinfo|groups xinfo|stream xlen xpending xrange xread xreadgroup xrevrange xtrim',
];
const bits = ['bitcount bitfield bitfield_ro bitop bitpos getbit pfadd pfcount pfmerge setbit'];
const places = ['geoadd geodist geohash geopos geosearch geosearchstore'];
const anyKey = [
  'del exists expire expireat expiretime persist pexpire pexpireat pexpiretime pttl rename renamenx touch ttl type',
  'unlink watch',
];

const words = (lines: readonly string[]) => lines.flatMap((line) => line.split(' '));

/** On keys. */
export const ordinaryCommands: readonly string[] = [
  strings,
  hashes,
  lists,
  sets,
  sortedSets,
  streams,
  bits,
  places,
  anyKey,
].flatMap(words);

/** On channels. */
export const channelCommands: readonly string[] = words([
  'psubscribe publish punsubscribe spublish ssubscribe subscribe sunsubscribe unsubscribe',
]);
