import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { writing } from './disk.ts';

test.runIf(process.platform === 'linux')('a full disk is told with the path and the fix', async () => {
  await expect(writing('/tmp/pods/a', () => writeFile('/dev/full', 'x'))).rejects.toThrow(
    'Files below /tmp/pods/a cannot be written: no space is left on the disk; free some, or set TMPDIR to a folder on another one.',
  );
});

test('any other fault of a file is told with the path, and what is none stays as it is', async () => {
  await expect(writing('/tmp/pods/a', () => writeFile('/', 'x'))).rejects.toThrow('Files below /tmp/pods/a cannot');
  const other = new Error('the Secret is missing');
  await expect(writing('/tmp/pods/a', () => Promise.reject(other))).rejects.toBe(other);
});
