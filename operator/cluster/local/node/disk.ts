/** Faults of writing files, with the path: the system's own sentence for a full disk names none. */

/** The same fault in one sentence that names where. Faults that are none of the disk's stay as they are. */
function diskFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const why = error.code === 'ENOSPC' || error.code === 'EDQUOT'
    ? 'no space is left on the disk; free some, or set TMPDIR to a folder on another one'
    : error.message;
  return new Error(`Files below ${path} cannot be written: ${why}.`, { cause: error });
}

/** Does some writing below `path`; what goes wrong is told with it. */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFault(error, path);
  }
}
