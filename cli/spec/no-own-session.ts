/** Workers for a test where none can be run, in the image of the operator: this takes the place of own-session.ts there. */
import { Failure } from '../failure.ts';

/** @throws Failure always */
export function openOwnSession(): Promise<never> {
  return Promise.reject(
    new Failure('this image has no Deno to run workers with: test those of the cluster by --namespace'),
  );
}
