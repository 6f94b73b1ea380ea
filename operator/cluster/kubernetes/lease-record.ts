/** The Lease object: read, and made for each of the four things that are written into it. */
import type { KubeObject } from '../cluster.ts';
import { microTime } from './wire.ts';

/** What election needs to know of a Lease. */
export interface LeaseRecord {
  /** Identity of the holder; empty when it was given back. */
  readonly holder: string;
  readonly version: string;
  /** As it came, so that what others wrote into it is kept. */
  readonly object: KubeObject;
}

/** Who writes, when, and how long others should wait, in ms. */
export interface LeaseWriter {
  readonly identity: string;
  readonly now: number;
  readonly leaseMs: number;
}

/** Reads a Lease; an absent or odd field counts as empty. */
export function parseLease(object: KubeObject): LeaseRecord {
  const holder = specOf(object)['holderIdentity'];
  return { holder: typeof holder === 'string' ? holder : '', version: object.metadata.resourceVersion ?? '', object };
}

/** A Lease that nobody has held before. */
export function newLease(ref: { namespace: string; name: string }, writer: LeaseWriter): KubeObject {
  return leaseWith({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...ref } }, {
    ...held(writer),
    acquireTime: microTime(writer.now),
    leaseTransitions: 0,
  });
}

/** The same Lease, renewed by its holder. */
export function renewed({ object }: LeaseRecord, writer: LeaseWriter): KubeObject {
  return leaseWith(object, held(writer));
}

/** The Lease taken over from nobody, or from somebody who was given up. */
export function takenOver({ object }: LeaseRecord, writer: LeaseWriter): KubeObject {
  const transitions = specOf(object)['leaseTransitions'];
  return leaseWith(object, {
    ...held(writer),
    acquireTime: microTime(writer.now),
    leaseTransitions: (typeof transitions === 'number' ? transitions : 0) + 1,
  });
}

/** The Lease without a holder. */
export function givenBack({ object }: LeaseRecord, writer: LeaseWriter): KubeObject {
  return leaseWith(object, { ...held(writer), holderIdentity: undefined, leaseDurationSeconds: 1 });
}

function held({ identity, now, leaseMs }: LeaseWriter): object {
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(leaseMs / 1000)),
    renewTime: microTime(now),
  };
}

function leaseWith(object: KubeObject, fields: object): KubeObject {
  return { ...object, spec: { ...specOf(object), ...fields } };
}

function specOf({ spec }: KubeObject): Record<string, unknown> {
  return typeof spec === 'object' && spec !== null ? { ...spec } : {};
}
