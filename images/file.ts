/** What an image is made of: files by path, in memory. */

/** One entry of a layer. Everything belongs to root and is readable by all, so no owner is kept. */
export type ImageFile =
  | {
    readonly kind: 'directory';
    readonly path: string; /** True for a folder everybody may write to. */
    readonly shared?: boolean;
  }
  | { readonly kind: 'file'; readonly path: string; readonly content: Uint8Array; readonly executable?: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** A file with text. `path` has no slash in front. */
export function textFile(path: string, text: string): ImageFile {
  return { kind: 'file', path, content: Buffer.from(text) };
}

/** Permission bits of an entry: nothing is writable but for root and in shared folders. */
export function modeOf(file: ImageFile): number {
  if (file.kind === 'directory') return file.shared ? 0o1777 : 0o755;
  if (file.kind === 'link') return 0o777;
  return file.executable ? 0o755 : 0o644;
}

/** The files with every folder above them, sorted by path, so that the same files always give the same archive. */
export function withFolders(files: readonly ImageFile[]): ImageFile[] {
  const all = new Map<string, ImageFile>();
  for (const { path } of files) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      all.set(folder, { kind: 'directory', path: folder });
    }
  }
  for (const file of files) all.set(file.path, file);
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
