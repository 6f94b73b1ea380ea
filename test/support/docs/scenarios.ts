/** Who runs which commands of the docs, and which are not run as they stand, with the reason. */

/** Scenarios, and the file that runs each. A block that names none of them fails a unit test. */
export const scenarios = {
  /** A laptop: the command line, Redis and Deno, in a folder with the files of the page. */
  readme: 'test/docs/laptop.test.ts',
  five: 'test/docs/laptop.test.ts',
  laptop: 'test/docs/laptop.test.ts',
  script: 'test/docs/laptop.test.ts',
  calling: 'test/docs/laptop.test.ts',
  spec: 'test/docs/laptop.test.ts',
  init: 'test/docs/laptop.test.ts',
  records: 'test/docs/laptop.test.ts',
  'calling-python': 'test/docs/laptop.test.ts',
  'calling-go': 'test/docs/laptop.test.ts',
  bundle: 'test/docs/laptop.test.ts',
  'script-worker': 'test/docs/laptop.test.ts',
  metrics: 'test/docs/laptop.test.ts',
  dead: 'test/docs/laptop.test.ts',
  doctor: 'test/docs/laptop.test.ts',
  render: 'test/docs/laptop.test.ts',
  examples: 'test/docs/laptop.test.ts',
  /** A control plane, the operator of this checkout, and pods that are processes. */
  handler: 'test/cluster/docs.test.ts',
  private: 'test/cluster/docs.test.ts',
  cluster: 'test/cluster/docs.test.ts',
  'render-live': 'test/cluster/docs.test.ts',
  operator: 'test/cluster/docs.test.ts',
  orphan: 'test/cluster/docs.test.ts',
  rights: 'test/cluster/docs.test.ts',
  /** The chart and the images on a node. */
  install: 'test/node/docs.test.ts',
  'five-deploy': 'test/node/docs.test.ts',
  'install-own-redis': 'test/node/docs.test.ts',
  node: 'test/node/docs.test.ts',
  upgrade: 'test/node/docs.test.ts',
  uninstall: 'test/node/docs.test.ts',
  remove: 'test/node/docs.test.ts',
} as const;

/** What this machine cannot run as it stands, and why. */
export const exceptions: Readonly<Record<string, { readonly why: string; readonly instead: string }>> = {
  'npm install --global redisworker': {
    why: 'nothing is published yet',
    instead: 'the checkout takes its place; installing the package from its file is tested with the package',
  },
  ...Object.fromEntries(
    ['http', 'cron', 'postgres'].map((name) => [`redisworker test examples/${name}`, {
      why: 'it needs a host of the internet, or a server at a port of its own, or takes longer than a page may',
      instead: 'test/local/examples.test.ts runs the same specs, with what a test has',
    }]),
  ),
  ...Object.fromEntries(
    [
      'redisworker resolve greeter                   # of the running session',
      'redisworker resolve greeter --namespace shop  # in a cluster, with the right to patch RedisWorkers',
    ].map((command) => [command, {
      why: 'it needs a host that serves code, and a worker of it',
      instead:
        'test/local/code-session.test.ts runs it with a host of its own, and test/local/cluster-place.test.ts against an API server',
    }]),
  ),
  ...Object.fromEntries(
    [
      'redisworker init pricing --template rhai                 # a folder with the manifest above',
      'redisworker rhai run price.rhai --prelude prelude.rhai   # on this machine, without a worker',
      "redisworker rhai run price.rhai --redis redis://localhost:6379 --redis-key 'shop:*' --allow-net rates.example.com",
      "redisworker send pricing --rhai 'gross(10.0)'            # to a worker of the running session",
      'redisworker send pricing --rhai @price.rhai --caller 03d4e5f6',
      'redisworker send pricing --rhai - --namespace shop < price.rhai',
      'redisworker trace pricing 42                             # where a task is, who has it, what it came to',
    ].map((command) => [command, {
      why: 'it needs files of a script, and workers of a session and of a cluster',
      instead: 'test/local/rhai-run.test.ts and test/worker/rhai.test.ts run the same commands, on this machine',
    }]),
  ),
  'make test': { why: 'it is the run that this is a part of', instead: 'it runs' },
  'docker build -f images/Dockerfile --target operator -t registry.example/redisworker/operator:0.1.0 .': {
    why: 'it needs a container daemon and base images from a registry',
    instead: 'images/build.ts builds the same images without either, and test/images looks into them',
  },
  'docker build -f images/Dockerfile --target worker -t registry.example/redisworker/worker:0.1.0 .': {
    why: 'it needs a container daemon and base images from a registry',
    instead: 'images/build.ts builds the same images without either, and test/images looks into them',
  },
  'docker push registry.example/redisworker/operator:0.1.0': {
    why: 'there is no such registry',
    instead: 'the node imports the images',
  },
  'docker push registry.example/redisworker/worker:0.1.0': {
    why: 'there is no such registry',
    instead: 'the node imports the images',
  },
  ...Object.fromEntries(
    [
      'kubectl create clusterrolebinding page-ada --clusterrole=redis-worker-operator-page-viewer --user=ada',
      'kubectl -n redisworker create rolebinding page-ada --role=redis-worker-operator-page-viewer --user=ada',
      'redisworker page --operator-namespace redisworker',
      'kubectl -n redisworker create serviceaccount page',
      'kubectl create clusterrolebinding page --clusterrole=redis-worker-operator-page-viewer --serviceaccount=redisworker:page',
      'redisworker page --operator-namespace redisworker --service-account page',
    ].map((command) => [command, {
      why: 'it is about a page that is open until Ctrl-C, and about people this machine does not know',
      instead: 'test/node/chart-values.test.ts makes the same bindings and opens the page as each of the two',
    }]),
  ),
};
