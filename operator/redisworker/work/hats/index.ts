/** Scripts shared by the workers of a HATS cluster. */
import { scriptKeyPrefix } from '../../../../contract/hats.ts';
import type { Need } from '../../../redis/doctor/rights.ts';
import { readScripts, removeHatsScript, writeHatsScript } from '../../../redis/hats-scripts.ts';
import { TerminalError } from '../../../errors.ts';
import type { KindOfWork } from '../../model/work.ts';
import { hatsAccess } from './access.ts';
import { type HatsBlueprint, hatsBlueprint } from './blueprint.ts';
import type { HatsStep } from './steps.ts';
import { hatsView } from './view.ts';

/** The kind of work of the runtime Hats. */
export const hatsWork: KindOfWork<HatsBlueprint, HatsStep> = {
  blueprint: hatsBlueprint,
  access: hatsAccess,
  needs: ({ written, found, responses, scripts }, hash) =>
    needsOf([hash, written, found, ...scripts.map(({ key }) => key)], responses),
  keys: ({ written, found, scripts }) => ({ keys: [written, found], busyKeys: scripts.map(({ key }) => key) }),
  observe: async (link, work) => hatsView(await readScripts(link, work, work.scripts.map(({ key }) => key)), work),
  write: async (link, { written, resource, cluster }, step) => {
    if (step.step === 'forget') {
      await link.command('DEL', step.key);
      return;
    }
    if (step.step === 'removeScript') {
      await removeHatsScript(link, step.key, { written, resource }, step.manner);
      return;
    }
    const { fields, replaces, key } = step;
    const isHeld = !key.startsWith(scriptKeyPrefix(cluster, 'Endpoints'));
    const outcome = await writeHatsScript(link, key, { written, resource }, { fields, isHeld, replaces });
    if (outcome === 'done') return;
    throw outcome === 'wrongType'
      ? new TerminalError(
        'WrongRedisType',
        `key "${step.key}" is not a hash: delete it, or give the script another name`,
      )
      : new TerminalError(
        'HashConflict',
        `the script "${step.key}" belongs to ${outcome.conflict}: give this one another name`,
      );
  },
};

const mostTried = 5;

/** What operator and pods do with hashes of scripts, tried with some of them. */
function needsOf(hashes: readonly string[], responses: string): Need[] {
  const [hash = ''] = hashes;
  const onHashes = hashes.slice(0, mostTried).flatMap((key): Need[] => [
    { actor: 'operator', command: ['HGETALL', key], key },
    { actor: 'operator', command: ['HMGET', key, 'State'], key },
    { actor: 'operator', command: ['HSET', key, 'State', ''], key },
    { actor: 'operator', command: ['HDEL', key, 'State'], key },
    { actor: 'operator', command: ['EVAL', 'return 0', 1, key], key },
    { actor: 'worker', command: ['HSET', key, 'State', ''], key },
    { actor: 'worker', command: ['HMGET', key, 'State'], key },
  ]);
  return [
    { actor: 'operator', command: ['TIME'] },
    { actor: 'operator', command: ['TYPE', hash], key: hash },
    { actor: 'operator', command: ['XREVRANGE', responses, '+', '-', 'COUNT', 1], key: responses },
    ...onHashes,
    { actor: 'worker', command: ['SCAN', '0'] },
    { actor: 'worker', command: ['EVAL', 'return 0', 1, hash], key: hash },
    { actor: 'worker', command: ['XADD', responses, '*', 'ref', ''], key: responses },
  ];
}
