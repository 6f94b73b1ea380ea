/** The modules of a pod on its disk: each is one file to the others, and one that was bundled has its code behind that. */
import type { DeclaredModule } from '../../contract/modules.ts';
import { bundleFileName } from '../../contract/pod.ts';

/** Writes them, never one by half. */
export class ModuleFiles {
  readonly #folder: string;

  /** @param folder absolute path */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Path of the file a module is imported by. */
  pathOf(name: string): string {
    return `${this.#folder}/${name}.ts`;
  }

  /** What a module reads beside that file. */
  readBy(name: string, { bundle }: DeclaredModule): readonly string[] {
    return bundle === undefined ? [] : [this.#codeOf(name)];
  }

  /** Makes the files what is declared. */
  async write(name: string, { source, bundle }: DeclaredModule): Promise<void> {
    await Deno.mkdir(this.#folder, { recursive: true });
    if (bundle === undefined) {
      await replace(this.pathOf(name), source);
      return await this.#removeCode(name);
    }
    const { map } = bundle;
    await Deno.mkdir(this.#beside(name), { recursive: true });
    if (map !== undefined) await replace(`${this.#beside(name)}/${map.name}`, map.text);
    await replace(this.#codeOf(name), source);
    await replace(this.pathOf(name), allOf(`./${name}/${bundleFileName}`));
    for await (const { name: file } of Deno.readDir(this.#beside(name))) {
      if (file !== bundleFileName && file !== map?.name) await Deno.remove(`${this.#beside(name)}/${file}`);
    }
  }

  /** Takes away a module there is no more. */
  async remove(name: string): Promise<void> {
    await Deno.remove(this.pathOf(name)).catch(() => undefined);
    await this.#removeCode(name);
  }

  #removeCode(name: string): Promise<void> {
    return Deno.remove(this.#beside(name), { recursive: true }).catch(() => undefined);
  }

  /** Folder of what a module has beside the file it is imported by. */
  #beside(name: string): string {
    return `${this.#folder}/${name}`;
  }

  #codeOf(name: string): string {
    return `${this.#beside(name)}/${bundleFileName}`;
  }
}

/** A module that is another one by its name; that one may have a default or not. */
function allOf(file: string): string {
  return `export * from "${file}";
import * as all from "${file}";
const { default: value } = all as { default?: unknown };
export { value as default };
`;
}

async function replace(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text);
  await Deno.rename(`${path}.new`, path);
}
