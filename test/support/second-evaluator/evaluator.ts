/** The second evaluator as a running program: asked one question after the other. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Target } from '../policy-allows.ts';
import { keepProcess } from '../keeper.ts';
import { home, namespaceLabels, type World } from '../net-world.ts';

/** A policy of the worker's namespace as it is sent to an API server, or its spec in any form the API knows. */
export interface PolicyObject {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** Judges packets by the policy engine of kube-network-policies. */
export interface SecondEvaluator {
  /** One verdict per packet, true when it passes, for packets from a pod with these labels in the worker's namespace. */
  judge(
    policy: PolicyObject,
    labels: Readonly<Record<string, string>>,
    world: World,
    packets: readonly Target[],
  ): Promise<boolean[]>;
  stop(): Promise<void>;
}

/** An address no pod of a world has. */
const workerIp = '10.255.0.1';

/** Starts the program. @throws Error, from each question on, with its last words when it ends by itself */
export function startSecondEvaluator(program: string): SecondEvaluator {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
  const release = child.pid === undefined ? () => undefined : keepProcess(child.pid);
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => void (words += chunk.toString()));
  child.stdin.on('error', () => undefined); // it may end before it reads a question; the missing answer tells
  child.once('error', (error) => void (words += error.message));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve())).finally(release);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async judge(policy, labels, world, packets) {
      child.stdin.write(`${JSON.stringify(questionOf(policy, labels, world, packets))}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error(`the second evaluator ended: ${words.slice(-1000)}`);
      return (JSON.parse(answer.value) as { verdicts: boolean[] }).verdicts;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

function questionOf(
  policy: PolicyObject,
  labels: Readonly<Record<string, string>>,
  world: World,
  packets: readonly Target[],
): object {
  const namespaces = new Set([home, ...world.pods.map(({ namespace }) => namespace)]);
  const worker = { name: 'worker', namespace: home, ip: workerIp, labels, namedPorts: {} };
  return {
    policies: [{ ...policy, metadata: { name: policy.metadata.name, namespace: home } }],
    namespaces: [...namespaces].map((name) => ({ metadata: { name, labels: namespaceLabels(name) } })),
    pods: [worker, ...world.pods].map(podObject),
    packets: packets.map(({ ip, port, protocol }) => ({ from: workerIp, to: ip, port, protocol })),
  };
}

function podObject({ name, namespace, ip, labels, namedPorts }: World['pods'][number]): object {
  const ports = Object.entries(namedPorts).map(([portName, containerPort]) => ({
    name: portName,
    containerPort,
    protocol: 'TCP',
  }));
  return {
    metadata: { name, namespace, labels },
    spec: { nodeName: 'node', containers: [{ name: 'main', ports }] },
    status: { podIP: ip, podIPs: [{ ip }] },
  };
}
