/** How containers of the images start; images/Dockerfile says the same. */
import { imageRoot, scratchMount } from '../contract/pod.ts';

/** Deno's cache, filled at build time. Containers cannot write to it. */
export const denoDir = `${imageRoot}/deno`;

/** What an image says about its containers. */
export interface ContainerConfiguration {
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
}

const user = '65532:65532';

/** Of worker pods. */
export const workerConfiguration = {
  user,
  env: {
    PATH: '/usr/bin',
    HOME: scratchMount,
    DENO_DIR: denoDir,
    DENO_NO_UPDATE_CHECK: '1',
  },
  workingDir: imageRoot,
  entrypoint: ['deno'],
} as const satisfies ContainerConfiguration;

/**
 * What the operator is started with, before its flags. Young objects get little room, which an idle operator would fill
 * with garbage before it looks; old ones 1.4 times of what the last collection left, where V8 would give four times. That
 * bounds what an operator takes that is busy, and costs less than half of the processor time of --memory-saver-mode. What
 * it was busy with is collected once it rests, see operator/idle-memory.ts.
 */
export const operatorCommand = [
  '/usr/bin/node',
  '--max-semi-space-size=4',
  '--heap-growing-percent=40',
  '--expose-gc',
  `${imageRoot}/operator.js`,
] as const;

/**
 * Of the operator. Threads of V8 share one heap of the C library, and long buffers are given back to the system at once:
 * else each keeps what it had at its busiest.
 */
export const operatorConfiguration = {
  user,
  env: {
    PATH: '/usr/bin',
    HOME: scratchMount,
    NODE_ENV: 'production',
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '131072',
  },
  workingDir: imageRoot,
  entrypoint: operatorCommand,
} as const satisfies ContainerConfiguration;

/** Files every program expects of a system: who the users are, and that names are looked up in files, then by DNS. */
export const systemFiles: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};
