/** The link of a node goes by two hands: the kernel's, as its namespaces end, and that of whoever ends them. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '../support/command.ts';
import { unlink } from '../support/node/link.ts';
import { describeOnNode } from '../support/node/shared.ts';
import { start } from '../support/processes.ts';

describeOnNode('a link that goes', () => {
  test('is removed whoever else removes it in the same moment', async () => {
    const others = [1, 2].map(() => start('sh', ['-c', 'while :; do ip link delete rwlink0 2>&-; done']));
    try {
      for (let round = 0; round < 200; round++) {
        await run('ip', ['link', 'add', 'rwlink0', 'type', 'veth', 'peer', 'name', 'rwlink1']);
        await unlink('rwlink0');
        expect(existsSync('/sys/class/net/rwlink0')).toBe(false);
      }
    } finally {
      await Promise.all(others.map((other) => other.stop()));
    }
  });

  test('may be gone already', async () => {
    await expect(unlink('rwlink2')).resolves.toBeUndefined();
  });
});
