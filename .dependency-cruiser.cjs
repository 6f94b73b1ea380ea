/** The arrows of the house: who may import whom. Checked by `npm run lint`. */
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule('no-cycles', 'A cycle means two files are one thing.', {}, { circular: true }),
    rule('contract-imports-nothing', 'contract/ is what all sides agree on.', {
      path: '^contract/',
      pathNot: '_?test\\.ts$|\\.test\\.ts$',
    }, { pathNot: '^contract/' }),
    rule('worker-knows-only-the-contract', 'The worker image carries worker/, contract/ and broker/ alone.', {
      path: '^worker/',
    }, { path: '^(operator|client|cli|test)/' }),
    rule('broker-stands-alone', 'It is a library: a program has it without any worker of ours.', {
      path: '^broker/',
      pathNot: '_test\\.ts$|^broker/testing/',
    }, { pathNot: '^broker/' }),
    rule(
      'operator-does-not-import-worker',
      'They meet in contract/.',
      { path: '^operator/', pathNot: '\\.test\\.ts$' },
      { path: '^(worker|client|cli|test)/' },
    ),
    rule('domain-knows-only-the-port', 'redisworker/ never knows which cluster it runs on.', {
      path: '^operator/redisworker/',
      pathNot: '\\.test\\.ts$',
    }, { path: '^operator/cluster/(kubernetes|local)/' }),
    rule('pure-steps-do-no-io', 'plan, status, desired, network and model are computed from values.', {
      path: '^operator/redisworker/(plan|status|desired|network|model)/',
      pathNot: '\\.test\\.ts$',
    }, {
      path:
        '^operator/(redis/(?!(target|replies|config-hashes|response-tally)\\.ts)|dns|controller|observability)/|^(node:)?(fs|http|https|dns|child_process)',
      dependencyTypesNot: ['type-only'],
    }),
    rule('only-follow-opens', 'Live copies, watches and timers are opened in follow/ alone.', {
      path: '^operator/redisworker/(observe|plan|apply|status|desired|network|model|work)/',
      pathNot: '\\.test\\.ts$',
    }, { path: '^operator/redisworker/follow/(?!index\\.ts)', dependencyTypesNot: ['type-only'] }),
    rule('steps-run-one-way', 'plan, status, desired, network and model know no step before them.', {
      path: '^operator/redisworker/(plan|status|desired|network|model)/',
      pathNot: '\\.test\\.ts$',
    }, { path: '^operator/redisworker/(reconcile\\.ts|world\\.ts|observe/|apply/|follow/)' }),
    rule('network-is-the-ground', 'What an entry means follows from the entry and the topology alone.', {
      path: '^operator/redisworker/network/',
      pathNot: '\\.test\\.ts$',
    }, { path: '^operator/redisworker/(model|desired|plan|status|work)/' }),
    rule('kinds-of-work-do-not-mix', 'A kind of work never imports another.', {
      path: '^operator/redisworker/work/([^/]+)/',
    }, { path: '^operator/redisworker/work/([^/]+)/', pathNot: '^operator/redisworker/work/$1/' }),
    rule('pod-knows-no-runtime', 'What every runtime has knows none of them.', {
      path: '^worker/(pod|redis)/',
      pathNot: '_test\\.ts$',
    }, { path: '^worker/(handler|script)/' }),
    rule('cluster-is-below', 'The port and its homes know nothing of workers.', { path: '^operator/cluster/' }, {
      path: '^operator/(redisworker|redis|controller)/',
    }),
    rule('redis-is-below', 'Redis helpers know nothing of clusters or workers.', { path: '^operator/redis/' }, {
      path: '^operator/(redisworker|cluster|controller)/',
    }),
    rule('dns-is-below', 'Questions to DNS know nothing of workers.', { path: '^operator/dns/' }, {
      path: '^operator/(redisworker|cluster|controller|redis)/',
    }),
    rule('page-is-plain-data', 'The page knows what travels, and nothing of who serves it.', {
      path: '^page/src/',
    }, { path: '^(operator/(?!page/model\\.ts)|cli/|worker/|contract/|images/|package/|test/)' }),
    rule('page-is-made-in-one-place', 'An operator that serves no page reads none of it.', {
      path: '^(operator|cli)/',
      pathNot: '^operator/page/html\\.ts',
    }, { path: '^page/' }),
    rule('code-is-below', 'Bundling knows files and Deno, no worker and no cluster: a Job runs it too.', {
      path: '^operator/code/',
    }, { path: '^(operator/(?!code/|errors\\.ts)|cli/|worker/)' }),
    rule('controller-is-generic', 'The controller drives any reconcile.', { path: '^operator/controller/' }, {
      path: '^operator/(redisworker|redis|cluster)/',
    }),
    rule('api-is-below', 'The API type is data.', { path: '^operator/api/' }, {
      path: '^operator/(redisworker|redis|cluster|controller)/',
    }),
    rule('one-home-for-redis', 'Only operator/redis/ opens Redis connections for the operator, cli/ for a user.', {
      pathNot: '^operator/redis/|^cli/|^test/|^bench/|^node_modules/',
    }, { path: 'node_modules/ioredis/' }),
    rule('callers-know-redis-alone', 'What callers import knows requests and replies, and how to dial.', {
      path: '^client/',
      pathNot: '\\.test\\.ts$',
    }, { path: '^(worker|cli|page|test)/|^operator/(?!redis/)' }),
    rule('homes-do-not-mix', 'The two clusters do not know each other.', { path: '^operator/cluster/local/' }, {
      path: '^operator/cluster/kubernetes/',
    }),
    rule(
      'homes-do-not-mix-back',
      'The two clusters do not know each other.',
      { path: '^operator/cluster/kubernetes/' },
      { path: '^operator/cluster/local/' },
    ),
    rule('product-does-not-import-tests', 'Tests import the product.', {
      path: '^(contract|operator|client|cli|worker|broker)/',
      pathNot: '_?test\\.ts$|\\.test\\.ts$',
    }, { path: '^test/' }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js'] },
  },
};
