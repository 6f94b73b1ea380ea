/** A Git repository of manifests in a folder of its own. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Files by their path; undefined removes one. */
export type Changes = Readonly<Record<string, string | undefined>>;

/** The repository. */
export interface Repository {
  readonly folder: string;
  /** Commits changes on the branch `main`. @returns the commit's id */
  commit(changes: Changes): Promise<string>;
  /** All files of the last commit, as a compressed archive. */
  archive(): Buffer;
  remove(): Promise<void>;
}

/** Creates it with its first commit. */
export async function createRepository(files: Changes): Promise<Repository> {
  const folder = await mkdtemp(join(tmpdir(), 'redisworker-repository-'));
  const git = (...args: readonly string[]): Buffer => {
    const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
    const { status, stdout, stderr } = spawnSync('git', [...author, ...args], { cwd: folder });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr.toString()}`);
    return stdout;
  };
  const commit = async (changes: Changes): Promise<string> => {
    for (const [path, content] of Object.entries(changes)) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await (content === undefined ? rm(file) : writeFile(file, content));
    }
    git('add', '--all');
    git('commit', '--quiet', '--message', 'change');
    return git('rev-parse', 'HEAD').toString().trim();
  };
  git('init', '--quiet', '--initial-branch=main');
  await commit(files);
  return {
    folder,
    commit,
    archive: () => git('archive', '--format=tar.gz', 'HEAD'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
