/** What differs between kinds of new workers. */

export interface Template {
  readonly about: string;
  /** The data of a request that succeeds, as JSON; of a worker that takes tasks, a script. */
  readonly data: string;
  /** What its modules import beside the runtime, as `deno.json` has it. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Its modules, by path. */
  readonly modules: (name: string) => Readonly<Record<string, string>>;
  /** Its objects. */
  readonly manifest: (name: string) => string;
  /** Cases of the test spec, indented; absent of a worker that takes tasks, which a spec does not send. */
  readonly cases?: (name: string) => string;
}
