/** The arrows of the house: who may import whom. Checked by `npm run lint`. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule('no-cycles', 'A cycle means two files are one thing.', {}, { circular: true }),
    rule('contract-imports-nothing', 'contract/ is what all sides agree on.', { path: '^contract/', pathNot: '_?test\\.ts$|\\.test\\.ts$' }, { pathNot: '^contract/' }),
    rule('worker-knows-only-the-contract', 'The worker image carries worker/ and contract/ alone.', { path: '^worker/' }, { path: '^(operator|cli|test)/' }),
    rule('operator-does-not-import-worker', 'They meet in contract/.', { path: '^operator/', pathNot: '\\.test\\.ts$' }, { path: '^(worker|cli|test)/' }),
    rule('domain-knows-only-the-port', 'redisworker/ never knows which cluster it runs on.', { path: '^operator/redisworker/', pathNot: '\\.test\\.ts$' }, { path: '^operator/cluster/(kubernetes|local)/' }),
    rule('desired-is-pure', 'Builders do no I/O.', { path: '^operator/redisworker/(desired|allow-net)/', pathNot: '\\.test\\.ts$' }, { path: '^operator/(redis|dns|controller|observability)/|^(node:)?(fs|net|http|https|dns|child_process)' }),
    rule('plan-is-pure', 'plan and status decide, they do not act.', { path: '^operator/redisworker/(plan|status)\\.ts$' }, { path: '^operator/redis/|ioredis|undici' }),
    rule('cluster-is-below', 'The port and its homes know nothing of workers.', { path: '^operator/cluster/' }, { path: '^operator/(redisworker|redis|controller)/' }),
    rule('redis-is-below', 'Redis helpers know nothing of clusters or workers.', { path: '^operator/redis/' }, { path: '^operator/(redisworker|cluster|controller)/' }),
    rule('dns-is-below', 'Questions to DNS know nothing of workers.', { path: '^operator/dns/' }, { path: '^operator/(redisworker|cluster|controller|redis)/' }),
    rule('controller-is-generic', 'The controller drives any reconcile.', { path: '^operator/controller/' }, { path: '^operator/(redisworker|redis|cluster)/' }),
    rule('api-is-below', 'The API type is data.', { path: '^operator/api/' }, { path: '^operator/(redisworker|redis|cluster|controller)/' }),
    rule('one-home-for-the-kube-client', 'Only cluster/kubernetes/ talks HTTP to an API server.', { pathNot: '^operator/cluster/kubernetes/|^test/|^node_modules/' }, { path: 'node_modules/(@kubernetes/client-node|undici)/' }),
    rule('one-home-for-redis', 'Only operator/redis/ opens Redis connections for the operator, cli/ for a user.', { pathNot: '^operator/redis/|^cli/|^test/|^bench/|^node_modules/' }, { path: 'node_modules/ioredis/' }),
    rule('homes-do-not-mix', 'The two clusters do not know each other.', { path: '^operator/cluster/local/' }, { path: '^operator/cluster/kubernetes/' }),
    rule('homes-do-not-mix-back', 'The two clusters do not know each other.', { path: '^operator/cluster/kubernetes/' }, { path: '^operator/cluster/local/' }),
    rule('product-does-not-import-tests', 'Tests import the product.', { path: '^(contract|operator|cli|worker)/', pathNot: '_?test\\.ts$|\\.test\\.ts$' }, { path: '^test/' }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
