/** What the Rhai engine uses of WebAssembly, which Node has and its types do not tell. */
declare namespace WebAssembly {
  class Module {
    private readonly compiled: true;
  }
  class Memory {
    constructor(size: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
  }
  class Global {
    value: unknown;
  }
  class RuntimeError extends Error {}
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, ModuleImports>>);
    readonly exports: object;
  }
  type ImportValue = unknown;
  type ModuleImports = Record<string, ImportValue>;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
