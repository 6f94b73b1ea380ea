/** Archives without a trace of when, where or by whom they were made. */
import { extract, type Pack, pack } from 'tar-stream';
import { type ImageFile, modeOf } from './file.ts';

const epoch = new Date(0);

/** One layer: the files in the order given, owned by root, from 1970. */
export async function layerOf(files: readonly ImageFile[]): Promise<Buffer> {
  const tar = pack();
  for (const file of files) addFile(tar, file);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function addFile(tar: Pack, file: ImageFile): void {
  const header = { name: file.path, mode: modeOf(file), uid: 0, gid: 0, mtime: epoch };
  if (file.kind === 'directory') tar.entry({ ...header, name: `${file.path}/`, type: 'directory' });
  else if (file.kind === 'link') tar.entry({ ...header, type: 'symlink', linkname: file.target });
  else tar.entry({ ...header, type: 'file' }, file.content);
}

/** Those files and links of an archive that `wanted` says yes to; paths without `./` in front. */
export async function readTar(archive: Uint8Array, wanted: (path: string) => boolean): Promise<ImageFile[]> {
  const reader = extract();
  const files: ImageFile[] = [];
  reader.end(archive);
  for await (const entry of reader) {
    const { name, type, mode, linkname } = entry.header;
    const path = name.replace(/^\.\//, '');
    const content: Uint8Array[] = [];
    for await (const chunk of entry) content.push(chunk as Uint8Array);
    if (!wanted(path)) continue;
    if (type === 'symlink') files.push({ kind: 'link', path, target: linkname });
    if (type === 'file') {
      files.push({ kind: 'file', path, content: Buffer.concat(content), executable: (mode & 0o100) !== 0 });
    }
  }
  return files;
}
