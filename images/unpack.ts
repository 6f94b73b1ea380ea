/** Puts the files of an image into a folder. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageFile, modeOf, withFolders } from './file.ts';

/** Writes files to a folder, with their permission bits; the owner is whoever runs this. */
export async function unpack(files: readonly ImageFile[], folder: string): Promise<void> {
  for (const file of withFolders(files)) {
    const path = join(folder, file.path);
    if (file.kind === 'link') {
      await symlink(file.target, path);
      continue;
    }
    if (file.kind === 'directory') await mkdir(path, { recursive: true });
    else await writeFile(path, file.content);
    await chmod(path, modeOf(file));
  }
}
