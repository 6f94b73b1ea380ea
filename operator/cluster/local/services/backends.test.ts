import { expect, test } from 'vitest';
import type { KubeObject } from '../../cluster.ts';
import { behind, portOfPod, wantedPort } from './backends.ts';

const service = (spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
const pod = (labels: Record<string, string>, ready = 'True', more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels, ...more },
  spec: { containers: [{ ports: [{ name: 'health', containerPort: 8085 }, { name: 'http', containerPort: 8080 }] }] },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});

test('a Service leads to the port of that name, or of that number, of pods that are ready and stay', () => {
  const named = behind(service({ selector: { app: 'w' }, ports: [{ port: 80, targetPort: 'http' }] }))!;
  const [numbered, same] = [
    { ...named, targetPort: 9000 },
    behind(service({ selector: { a: 'b' }, ports: [{ port: 7 }] }))!,
  ];
  const ready = pod({ app: 'w', more: 'x' });
  expect([portOfPod(ready, named), portOfPod(ready, numbered), same.targetPort]).toEqual([8080, 9000, 7]);
  const leaving = pod({ app: 'w' }, 'True', { deletionTimestamp: '2030-01-01T00:00:00Z' });
  const others = [pod({ app: 'v' }), pod({ app: 'w' }, 'False'), leaving];
  expect(others.map((other) => portOfPod(other, named))).toEqual([undefined, undefined, undefined]);
});

test('a Service without a selector or a port, or for a name, leads to no pod', () => {
  const selector = { app: 'w' };
  const none = [{ ports: [{ port: 80 }] }, { selector }, { type: 'ExternalName', selector, ports: [{ port: 80 }] }];
  expect(none.map((spec) => behind(service(spec)))).toEqual([undefined, undefined, undefined]);
});

test('ports that are not for everybody are looked for at eight thousand and so many', () => {
  const at = (port: number) => wantedPort({ port, targetPort: port, selector: {} });
  expect([at(80), at(443), at(9000)]).toEqual([8080, 8443, 9000]);
});
