/** Prepares a container's folders, environment and command line, and starts it. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { imageRoot } from '../../../../contract/pod.ts';
import type { Clock } from '../../../clock.ts';
import type { Cluster, KubeObject } from '../../cluster.ts';
import { ConfigSource, layOutVolumes, readEnvironment } from './configuration.ts';
import { writing } from './disk.ts';
import { noteGroup } from './orphans.ts';
import { expandVariables, inspectFlag, moveWord, parentsOf, type Places } from './places.ts';
import { ContainerConfigError, type NodePodSpec } from './pod-spec.ts';
import { findFreePorts, type WantedPorts } from './ports.ts';
import { type Command, type ProcessGroup, startProcessGroup, type Stream } from './process-group.ts';

/** What this machine gives to every container. */
export interface Machine {
  /** Folder that stands for the image's `/redisworker`. */
  readonly imageRoot: string;
  /** The Deno executable: the program `deno` of every container. */
  readonly denoPath: string;
  /** PATH of every container, behind the folder that holds `deno`. */
  readonly searchPath: string;
}

/** A container that runs, and where its declared ports are. */
export interface StartedContainer {
  readonly group: ProcessGroup;
  readonly ports: ReadonlyMap<number, number>;
}

/** What starting a container needs to know. */
export interface ContainerStart {
  readonly pod: KubeObject;
  readonly spec: NodePodSpec;
  /** Private folder of the pod; it outlives restarts of the container. */
  readonly folder: string;
  readonly machine: Machine;
  /** Ports of debuggers, shared by all pods of the node. */
  readonly wantedPorts: WantedPorts;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly onLine: (stream: Stream, line: string) => void;
}

/**
 * Starts the container of a pod. A program that cannot be run ends at once with a start error.
 * @throws ContainerConfigError while something the pod refers to is missing, Error when its files cannot be written
 */
export function startContainer(start: ContainerStart): Promise<StartedContainer> {
  return writing(start.folder, () => prepareAndStart(start));
}

async function prepareAndStart(start: ContainerStart): Promise<StartedContainer> {
  const { pod, spec, folder, machine } = start;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const config = new ConfigSource(start.cluster, pod.metadata.namespace ?? 'default');
  const mounts = await layOutVolumes(spec, join(folder, 'root'), config);
  const places = await findPlaces(spec, mounts, join(folder, 'root'), machine);
  const ours = await machineEnvironment(pod, folder, mounts, machine);
  const theirs = await readEnvironment(spec.container.env, pod, places, config);
  const command = commandOf(spec, places, { ...ours, ...theirs }, start);
  const debuggers = await moveDebuggers(command.args, start.wantedPorts);
  const group = startProcessGroup({ ...command, args: debuggers.args }, start.clock, start.onLine);
  void group.ended.then(debuggers.release);
  try {
    if (group.pid > 0) await noteGroup(folder, group.pid);
  } catch (error) {
    group.kill(); // without a note it would outlive a crash of this node
    throw error;
  }
  return { group, ports: places.ports };
}

async function findPlaces(
  spec: NodePodSpec,
  mounts: ReadonlyMap<string, string>,
  root: string,
  machine: Machine,
): Promise<Places> {
  const declared = [...new Set(spec.container.ports.map(({ containerPort }) => containerPort))];
  const free = await findFreePorts(declared.length);
  return {
    folders: new Map([[imageRoot, machine.imageRoot], ...mounts]),
    parents: new Map(
      [...mounts.keys()].flatMap((path) => parentsOf(path).map((parent) => [parent, join(root, parent)])),
    ),
    ports: new Map(declared.map((port, index) => [port, free[index] ?? port])),
  };
}

/** The few variables every container has here, unless its pod says otherwise. */
async function machineEnvironment(
  pod: KubeObject,
  folder: string,
  mounts: ReadonlyMap<string, string>,
  machine: Machine,
): Promise<Record<string, string>> {
  const home = join(folder, 'home');
  const temporary = mounts.get('/tmp') ?? join(folder, 'tmp');
  for (const made of [home, temporary]) await mkdir(made, { recursive: true, mode: 0o700 });
  return {
    PATH: `${dirname(machine.denoPath)}:${machine.searchPath}`,
    HOME: home,
    TMPDIR: temporary,
    DENO_DIR: denoCacheOf(pod, folder),
  };
}

/**
 * Where Deno keeps its cache: the image brings one that is warm, and here the pod before this one in its place left one.
 * It is shared with nobody else, since code may write there without any permission.
 */
function denoCacheOf({ metadata }: KubeObject, folder: string): string {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  return controller === undefined
    ? join(folder, 'deno')
    : join(dirname(folder), `deno-${podFolderName(controller.uid)}`);
}

function commandOf(
  { container }: NodePodSpec,
  places: Places,
  env: Record<string, string>,
  { folder, machine }: ContainerStart,
): Command {
  const words = [...container.command, ...container.args].map((word) => expandVariables(moveWord(word, places), env));
  const [program = '', ...args] = words;
  const cwd = container.workingDir === undefined ? folder : moveWord(container.workingDir, places);
  return { program: program === 'deno' ? machine.denoPath : program, args, env, cwd };
}

/** Every pod's debugger would listen on the same address: each gets the wanted port or the next free one, which Deno prints. */
async function moveDebuggers(
  args: readonly string[],
  ports: WantedPorts,
): Promise<{ args: readonly string[]; release: () => void }> {
  const held: number[] = [];
  const release = () => held.splice(0).forEach((port) => ports.release(port));
  const moved: string[] = [];
  for (const word of args) {
    const wanted = inspectFlag(word);
    const port = wanted && await ports.hold(wanted.port);
    if (wanted !== undefined && port === undefined) {
      release();
      throw new ContainerConfigError(
        `${word}: ${wanted.host}:${wanted.port} and the ports after it are in use on this machine; choose another port in spec.denoOptions.`,
      );
    }
    if (port !== undefined) held.push(port);
    moved.push(wanted === undefined ? word : `${wanted.flag}=${wanted.host}:${port}`);
  }
  return { args: moved, release };
}

/** Name of a pod's folder: short, because unix sockets inside it have little room for their path. */
export function podFolderName(uid: string): string {
  return createHash('sha256').update(uid).digest('hex').slice(0, 12);
}
