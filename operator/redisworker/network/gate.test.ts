import { parseHostPort } from '../../../contract/host-port.ts';
import { describe, expect, it } from 'vitest';
import { gateField } from '../../../contract/gate.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { exitCodes } from '../../../contract/pod.ts';
import { withCount, withSpec, worker } from '../../../test/support/gen.ts';
import { observed, type Surroundings } from '../../../test/support/observed.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { planOf } from '../plan/index.ts';
import { enforcementCondition } from '../status/enforcement.ts';
import { formatEntry } from './allow-net/canonical.ts';
import { hostOf, parseCanary } from './gate.ts';

const canary = 'canary.system.svc:8086';
const required = { networkPolicy: { enforcement: 'Required' } };

/** The condition of worker `w`. */
function told(object: KubeObject, around: Surroundings = {}) {
  const seen = observed(object, { canary, ...around });
  if (!seen.spec) throw new Error('no spec');
  const { status, reason, message } = enforcementCondition(seen, seen.spec);
  return { told: `${status} ${reason}`, message };
}

type Container = { state?: object; lastState?: object };
const running: Container = { state: { running: {} } };
const ended = (exitCode: number): Container => ({
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode } },
});

const pod = (id: string, container: Container = running, ready = true): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `w-${id}`,
    namespace: 'default',
    uid: `pod-${id}`,
    annotations: { 'redisworker.dev/consumer-id': id, 'redisworker.dev/worker': 'w' },
  },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'istio-proxy', state: { running: {} } }, { name: 'worker', ...container }],
  },
});

const hash = (id: string, result: string, owner = `pod-${id}`) => ({
  [configHashKey('w', id)]: { [gateField]: JSON.stringify({ result, owner, ms: 3, opened: 0 }) },
});

describe('NetworkPolicyEnforced', () => {
  it('is True once every running pod has been refused', () => {
    const both = { ...hash('1', 'Refused'), ...hash('2', 'Refused') };
    expect(told(worker('w', withCount(2)), { children: { pods: [pod('1'), pod('2')] }, hashes: both }).told).toBe(
      'True Refused',
    );
    expect(told(worker('w', withCount(2)), { children: { pods: [pod('1'), pod('2')] }, hashes: hash('1', 'Refused') }))
      .toEqual({ told: 'Unknown NotVerified', message: 'consumer "2" has not told yet' });
  });

  it('is not told by the report of another pod, by a pod that has not begun, or by nobody', () => {
    expect(told(worker('w'), { children: { pods: [pod('1')] }, hashes: hash('1', 'Refused', 'pod-old') }).told).toBe(
      'Unknown NotVerified',
    );
    expect(
      told(worker('w'), {
        children: { pods: [pod('1', { state: { waiting: {} } }, false)] },
        hashes: hash('1', 'Open'),
      }).told,
    ).toBe('Unknown NotVerified');
    expect(told(worker('w')).message).toBe('no consumer runs that could tell');
  });

  it('is False when one pod found the network open, and names its consumer', () => {
    const mixed = { ...hash('1', 'Refused'), ...hash('2', 'Open') };
    const { told: so, message } = told(worker('w', withCount(2)), {
      children: { pods: [pod('1'), pod('2')] },
      hashes: mixed,
    });
    expect(so).toBe('False NotEnforced');
    expect(message).toMatch(
      /^consumer "2" reached the canary canary\.system\.svc:8086, .*; user code runs, and Deno alone enforces the scope$/,
    );
  });

  it('is told by the exit code where enforcement is Required', () => {
    const after = (code: number) =>
      told(worker('w', withSpec(required)), { children: { pods: [pod('1', ended(code), false)] } });
    expect(after(exitCodes.networkOpen).told).toBe('False NotEnforced');
    expect(after(exitCodes.networkOpen).message).toMatch(/user code does not run$/);
    expect(after(exitCodes.networkUnverified).told).toBe('Unknown NotVerified');
    expect(after(exitCodes.failed).message).toBe('consumer "1" has not told yet');
    expect(told(worker('w'), { children: { pods: [pod('1', ended(exitCodes.networkOpen), false)] } }).told).toBe(
      'Unknown NotVerified',
    );
  });

  it('forgets the exit code of a pod that has become ready since', () => {
    const container = { ...ended(exitCodes.networkOpen), ...running };
    expect(
      told(worker('w', withSpec(required)), { children: { pods: [pod('1', container)] }, hashes: hash('1', 'Refused') })
        .told,
    ).toBe('True Refused');
    expect(
      told(worker('w', withSpec(required)), {
        children: { pods: [pod('1', container, false)] },
        hashes: hash('1', 'Refused'),
      }).told,
    ).toBe('False NotEnforced');
  });

  it('is Unknown where the operator cannot reach its own canary, whatever pods say', () => {
    const around = { children: { pods: [pod('1')] }, canaryProblem: 'connection refused' };
    expect(told(worker('w'), { ...around, hashes: hash('1', 'Refused') })).toEqual({
      told: 'Unknown CanaryUnreachable',
      message: expect.stringContaining('connection refused'),
    });
    expect(told(worker('w'), { ...around, hashes: hash('1', 'Open') }).told).toBe('False NotEnforced');
  });

  it('is not verified on this machine, and not without a canary', () => {
    expect(told(worker('w'), { defaults: { policyEnforcement: 'None' } }).told).toBe('False NotEnforcedHere');
    expect(told(worker('w'), { defaults: { canary: undefined } }).told).toBe('Unknown CanaryNotConfigured');
  });
});

describe('the gate of a worker', () => {
  const envOf = (object: KubeObject, at = canary) => {
    const { desired } = planOf(observed(object, { canary: at }));
    const template = [...(desired?.deployments.values() ?? [])][0]?.spec as {
      template: { spec: { containers: { command: string[]; env: { name: string; value?: string }[] }[] } };
    };
    const [container] = template.template.spec.containers;
    return {
      command: container!.command.join(' '),
      env: container!.env.filter(({ name }) => name.startsWith('NETWORK_')).map(({ name, value }) =>
        `${name}=${value}`
      ),
      policy: JSON.stringify(desired?.policy.policy.spec),
    };
  };

  it('is in the pod and in the flags of the process that passes it, never in the policy', () => {
    const plain = envOf(worker('w'));
    expect(plain.env).toEqual([`NETWORK_CANARY=${canary}`, 'NETWORK_ENFORCEMENT=BestEffort']);
    expect(plain.command).toMatch(/--allow-net=\S*,canary\.system\.svc:8086 /);
    expect(plain.policy).not.toContain('8086');
    const [runner, child] = envOf(worker('w', withSpec({ stream: { requestLimit: 5 } }))).command.split(' -- ');
    expect(runner).toContain(`--allow-net=127.0.0.1:6379,${canary},0.0.0.0:8085 `);
    expect(child).not.toContain(canary);
    const script = envOf(worker('w', withSpec({ runtime: 'Script' })));
    expect([script.command.includes(canary), script.env]).toEqual([false, plain.env]);
  });

  it.each([
    ['allowAllNet', { allowAllNet: 'Granted' }, canary, 'CanaryInScope'],
    ['a name with its port', { net: ['canary.system.svc:8086'] }, canary, 'CanaryInScope'],
    ['a wildcard above it', { net: ['*.system.svc'], outsideNames: 'OpenPort' }, canary, 'CanaryInScope'],
    ['a block that says no port, while the canary has a name', { net: ['10.0.0.0/8'] }, canary, 'CanaryInScope'],
    ['a block around its address', { net: ['10.0.0.0/8:8086'] }, '10.1.2.3:8086', 'CanaryInScope'],
    [
      'a name whose port is opened to every public address',
      { net: ['api.example.com:8086'], outsideNames: 'OpenPort' },
      '203.0.113.9:8086',
      'CanaryInScope',
    ],
    ['a denied block', { denyNet: ['10.0.0.0/8'] }, '10.1.2.3:8086', 'CanaryDenied'],
  ])('is left out for %s', (_, permissions, at, reason) => {
    expect(told(worker('w', withSpec({ permissions })), { canary: at })).toMatchObject({
      told: `Unknown ${reason}`,
      message: expect.stringContaining(at),
    });
    expect(envOf(worker('w', withSpec({ permissions })), at).env).toEqual([]);
  });

  it.each([
    ['other ports of its host', { net: ['canary.system.svc:8080'] }, canary],
    ['blocks on another port', { net: ['10.0.0.0/8:443'] }, canary],
    ['blocks elsewhere', { net: ['192.168.0.0/16'] }, '10.1.2.3:8086'],
  ])('stays for %s', (_, permissions, at) => {
    expect(envOf(worker('w', withSpec({ permissions })), at).env).toHaveLength(2);
  });

  it.each(
    [
      [
        'no canary',
        {},
        { canary: undefined },
        /^spec\.networkPolicy\.enforcement is Required and cannot be met: the operator was started without --canary-address/,
      ],
      [
        'a canary in the scope',
        { permissions: { net: ['*.system.svc'], outsideNames: 'OpenPort' } },
        {},
        /"\*\.system\.svc" in permissions\.net may open the operator's canary/,
      ],
      ['no pod network', {}, { policyEnforcement: 'None' }, /local mode has no pod network/],
    ] as const,
  )('stalls a worker that requires it where there is %s', (_, spec, defaults, sentence) => {
    const { problems } = planOf(observed(worker('w', withSpec({ ...spec, ...required })), { canary, defaults }));
    expect(problems).toEqual([{
      reason: 'EnforcementUnverifiable',
      terminal: true,
      message: expect.stringMatching(sentence),
    }]);
  });
});

describe('the canary of the operator', () => {
  it('reads no canary that the runtime could not dial', () => {
    for (
      const text of ['Canary.SVC.:1', '10.0.0.1:8086', '[::ffff:10.0.0.1]:8086', '[FD00:0::1]:8086', '_c.x-y:65535']
    ) {
      const canary = parseCanary(text);
      expect(parseHostPort(text)).toEqual(canary && { host: hostOf(canary), port: canary.port });
      expect(canary && parseHostPort(formatEntry(canary))).toEqual(parseHostPort(text));
    }
  });

  it('is a name or an address, with a port', () => {
    expect(['canary.svc:1', '10.0.0.1:8086', '[fd00::1]:8086'].map((text) => parseCanary(text)?.port)).toEqual([
      1,
      8086,
      8086,
    ]);
    expect(['canary', '*.svc:1', '10.0.0.0/8:1', ':8086', 'http://x:1', 'canary:0'].map(parseCanary)).toEqual(
      Array(6).fill(undefined),
    );
  });
});
