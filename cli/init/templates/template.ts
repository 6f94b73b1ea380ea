/** What differs between kinds of new workers. */

export interface Template {
  readonly about: string;
  /** The data of a request that succeeds, as JSON. */
  readonly data: string;
  /** What its modules import beside the runtime, as `deno.json` has it. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Its modules, by path. */
  readonly modules: (name: string) => Readonly<Record<string, string>>;
  /** Its objects. */
  readonly manifest: (name: string) => string;
  /** Cases of the test spec, indented. */
  readonly cases: (name: string) => string;
}
