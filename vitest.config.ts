import { defineConfig } from 'vitest/config';

/** What starts dozens of processes, or waits for what takes its time by nature: for the full run. */
const patient = [
  'images/images.test.ts',
  'test/local/attacks.test.ts',
  'test/local/autoscale.test.ts',
  'test/local/bundle.test.ts',
  'test/local/code-git.test.ts',
  'test/local/code-graphs.test.ts',
  'test/local/code-session.test.ts',
  'test/local/code-url.test.ts',
  'test/local/code-worker.test.ts',
  'test/local/crash-sweep.test.ts',
  'test/local/examples.test.ts',
  'test/local/hats.test.ts',
  'test/local/init.test.ts',
  'test/local/large-bundle.test.ts',
  'test/local/module-files.test.ts',
  'test/local/modules.test.ts',
  'test/local/older-programs.test.ts',
  'test/local/problems.test.ts',
  'test/local/redis-outage.test.ts',
  'test/local/rhai-proofs.test.ts',
  'test/local/rhai.test.ts',
  'test/local/records.test.ts',
  'test/local/redis-users.test.ts',
  'test/local/rollout.test.ts',
  'test/local/source-file.test.ts',
  'test/local/spec.test.ts',
  'test/local/telemetry.test.ts',
  'test/local/tls.test.ts',
  'test/worker/codec.test.ts',
  'test/worker/commits.test.ts',
  'test/worker/deno-options.test.ts',
  'test/worker/faults.test.ts',
  'test/worker/gate.test.ts',
  'test/worker/hats-cluster.test.ts',
  'test/worker/hats-suite.test.ts',
  'test/worker/hats-endpoints.test.ts',
  'test/worker/hats-sql.test.ts',
  'test/worker/hats.test.ts',
  'test/worker/rhai.test.ts',
  'test/worker/runner.test.ts',
];

/** `unit` and `redis` need no cluster, nor does `patient`, which takes its time; `servers` runs what speaks to Redis on the server of
 * REDIS_SERVER, for scripts/on-server.ts; `topologies` starts sets of servers; `proof` tries
 * random lists; `cluster` starts a control plane of its own, `node` a whole node. */
export default defineConfig({
  test: {
    teardownTimeout: 240_000, // a node that goes down is waited for: nothing of it may be left
    projects: [
      {
        test: {
          name: 'unit',
          maxWorkers: 4,
          isolate: false,
          testTimeout: 60_000,
          include: [
            'contract/**/*.test.ts',
            'operator/**/*.test.ts',
            'client/**/*.test.ts',
            'cli/**/*.test.ts',
            'charts/**/*.test.ts',
            'images/**/*.test.ts',
            'package/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/support/**/*.test.ts',
            'bench/**/*.test.ts',
          ],
          exclude: patient,
        },
      },
      {
        test: {
          name: 'redis',
          maxWorkers: 4,
          isolate: false, // or each file loads the operator anew
          include: ['test/redis/**/*.test.ts', 'test/local/**/*.test.ts', 'test/worker/**/*.test.ts'],
          exclude: patient,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      { test: { name: 'patient', maxWorkers: 4, include: patient, testTimeout: 180_000, hookTimeout: 180_000 } },
      {
        test: {
          name: 'servers',
          maxWorkers: 2,
          include: [
            'test/redis/**/*.test.ts',
            'test/worker/**/*.test.ts',
            'test/redis8/**/*.test.ts',
            'test/topologies/load.test.ts',
          ],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'topologies',
          include: ['test/topologies/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
        },
      },
      { test: { name: 'images', include: ['test/images/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
      {
        test: {
          name: 'docs',
          include: ['test/docs/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 1,
        },
      },
      { test: { name: 'page', include: ['test/page/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000 } },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          globalSetup: ['test/support/control-plane/global-setup.ts', 'test/support/tools/global-setup.ts'],
          provide: { wantedTools: ['kwok', 'prometheus'] },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'chart',
          include: ['test/chart/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          globalSetup: ['test/support/control-plane/global-setup.ts', 'test/support/tools/global-setup.ts'],
          provide: { wantedTools: ['helm3', 'helm4', 'kubeconform', 'kube-score', 'promtool'] },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'proof',
          include: ['test/proof/**/*.test.ts'],
          testTimeout: 900_000,
          globalSetup: ['test/support/second-evaluator/global-setup.ts'],
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'gitops',
          include: ['test/gitops/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          globalSetup: ['test/support/control-plane/global-setup.ts', 'test/support/tools/global-setup.ts'],
          provide: { wantedTools: ['health', 'registry', 'helm3', 'helm4', 'kustomize-controller', 'argocd'] },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          globalSetup: ['test/support/node/global-setup.ts', 'test/support/tools/global-setup.ts'],
          provide: { wantedTools: ['helm3', 'helm4', 'registry'] },
          maxWorkers: 1,
        },
      },
    ],
  },
});
