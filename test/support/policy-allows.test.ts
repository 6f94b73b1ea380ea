import { expect, test } from 'vitest';
import { policyAllows } from './policy-allows.ts';

test('a named port of a pod is a TCP port: a rule for UDP does not open it', () => {
  const pod = { labels: {}, namespaceLabels: {}, namedPorts: { http: 8080 } };
  const to = { ip: '10.244.0.1', port: 8080, pod };
  const rule = (protocol: 'TCP' | 'UDP') => ({
    egress: [{
      to: [{ namespaceSelector: { matchLabels: {} }, podSelector: { matchLabels: {} } }],
      ports: [{ protocol, port: 'http' }],
    }],
  });
  expect(policyAllows(rule('UDP'), { ...to, protocol: 'UDP' })).toBe(false);
  expect(policyAllows(rule('TCP'), { ...to, protocol: 'TCP' })).toBe(true);
});
