/** The Service in front of the pods of a worker that answers over HTTP. */
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import { httpPortName } from '../../../contract/pod.ts';
import type { HttpBlueprint, Parent } from '../model/blueprint.ts';
import { type Built, childMetadata, parentLabels } from './metadata.ts';

/** One of the name of the worker, for all its pods that are ready. */
export function httpService(parent: Parent, { port }: HttpBlueprint): Built<Service> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(parent, parent.name),
    spec: {
      type: 'ClusterIP',
      selector: parentLabels(parent),
      // By its name: a pod that was made before there was such a port is no endpoint.
      ports: [{ name: httpPortName, appProtocol: 'http', protocol: 'TCP', port, targetPort: httpPortName }],
    },
  };
}
