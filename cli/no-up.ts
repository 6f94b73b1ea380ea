/** `redisworker up` where no worker can be run, in the image of the operator: this takes the place of up.ts there. */
import { Failure } from './failure.ts';

/** @throws Failure always */
export function up(): Promise<never> {
  return Promise.reject(
    new Failure(
      'this image has no Deno to run workers with: run "npx redisworker up" on your machine, or apply the manifest to the cluster',
    ),
  );
}
