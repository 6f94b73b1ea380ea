/** `redisworker init`: a folder with all a new worker needs. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { manifestSchema } from '../../operator/api/manifest-schema.ts';
import { type ExitCode, exitCodes, Failure, messageOf, systemCode } from '../failure.ts';
import { runtimeTypes } from '../installation.ts';
import type { Io } from '../io.ts';
import { program } from '../program.ts';
import { specJsonSchema } from '../spec/schema.ts';
import { filesOf, ownFolder, takesTasks, type TemplateName, templates } from './templates.ts';

/** A worker type, and a name an API server takes. */
const namePattern = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;
/** Types whose keys are those of replies and traces. */
const taken = ['req', 'res'];

/**
 * Makes the folder, of the name of the worker, and says what to do next.
 * @throws Failure when it is no name, or something is there already
 */
export async function init(name: string, template: TemplateName, io: Io): Promise<ExitCode> {
  if (!namePattern.test(name) || taken.includes(name)) {
    throw new Failure(
      `"${name}" cannot be the name of a worker: use up to 52 lower-case letters, digits and dashes, with a letter first; not req or res`,
      exitCodes.usage,
    );
  }
  await mustBeEmpty(name);
  const isTasks = takesTasks(template);
  const typesSource = runtimeTypes();
  const types = `${ownFolder}/redisworker${typesSource.endsWith('.d.ts') ? '.d.ts' : '.ts'}`;
  const files = new Map([
    ...filesOf(name, template, types),
    [`${ownFolder}/manifest.schema.json`, text(manifestSchema())],
  ]);
  if (!isTasks) {
    files.set(types, await readFile(typesSource, 'utf8'));
    files.set(`${ownFolder}/spec.schema.json`, text(specJsonSchema()));
  }
  for (const [path, content] of files) {
    const file = join(name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { flag: 'wx' });
  }
  io.out(`✓ ${name}/ has ${[...files.keys()].filter((path) => !path.startsWith(ownFolder)).join(', ')}`);
  for (
    const step of [
      `${program} up ${name}`,
      `${program} send ${name} ${isTasks ? '--rhai ' : ''}'${templates[template].data}'`,
      ...(isTasks ? [] : [`${program} test ${name}`]),
      `${program} deploy ${name}`,
    ]
  ) io.out(`  ${step}`);
  return exitCodes.ok;
}

async function mustBeEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw new Failure(`a folder ${folder} cannot be made here: ${messageOf(error)}`);
  });
  if (found.length === 0) return;
  throw new Failure(`there is a folder ${folder} with something in it already: choose another name, or another place`);
}

function text(schema: object): string {
  return `${JSON.stringify(schema, null, 1)}\n`;
}
