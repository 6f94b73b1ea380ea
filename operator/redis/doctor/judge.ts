/** Everything that is told of one server. Pure. */
import type { Finding } from './finding.ts';
import {
  clockFinding,
  defaultUserFinding,
  latencyFinding,
  rightsFindings,
  type Situation,
  tlsFinding,
  topologyFinding,
  visibilityFinding,
} from './judge-access.ts';
import {
  featuresFinding,
  idleFinding,
  memoryFinding,
  persistenceFinding,
  replicasFinding,
  sizeFinding,
  versionFinding,
} from './judge-server.ts';
import type { Need } from './rights.ts';

/** All findings, in the order people read them. A Sentinel is not looked at any further. */
export function judge(situation: Situation, needs: readonly Need[]): Finding[] {
  const { facts } = situation;
  const first = [versionFinding(facts), featuresFinding(facts), topologyFinding(situation), tlsFinding(situation)];
  const rest = [
    persistenceFinding(facts),
    memoryFinding(facts),
    replicasFinding(facts),
    defaultUserFinding(situation),
    ...rightsFindings(situation, needs),
    idleFinding(facts),
    sizeFinding(facts),
    clockFinding(situation),
    latencyFinding(situation),
    visibilityFinding(situation),
  ];
  return [...first, ...(facts.mode === 'sentinel' ? [] : rest)].filter((finding) => finding !== undefined);
}
