/** `redisworker doctor`: examines a Redis, and what the workers of a manifest have there. */
import { stringify } from 'yaml';
import { systemClock } from '../operator/clock.ts';
import { RedisConnections } from '../operator/redis/connections.ts';
import type { Finding, Verdict } from '../operator/redis/doctor/finding.ts';
import { examine } from '../operator/redis/doctor/index.ts';
import { type Need, newsNeeds, operatorNeeds, userNeeds } from '../operator/redis/doctor/rights.ts';
import { examineWorker } from '../operator/redis/doctor/worker.ts';
import { subjectOf } from '../operator/redis/fault.ts';
import { counted } from '../operator/counted.ts';
import { type DoctorRequest, type DoctorTarget, findDoctorTargets, sampleKeys } from './doctor-targets.ts';
import { type ExitCode, exitCodes } from './failure.ts';
import type { Io } from './io.ts';
import { alignRows } from './table.ts';

const deadlineMs = 5000;
const marks: Readonly<Record<Verdict, string>> = { ok: '✓', warning: '!', problem: '✗' };

/** What was found about one Redis, and about each worker on it. */
interface Report {
  /** `Redis at host:port`, with the user. */
  readonly subject: string;
  readonly findings: readonly Finding[];
  readonly workers: readonly { readonly name: string; readonly findings: readonly Finding[] }[];
}

/**
 * Examines and prints.
 * @returns the exit code: 1 when there is a problem
 * @throws Failure when there is nothing to examine
 */
export async function doctor(
  request: DoctorRequest & { readonly output?: 'json' | 'yaml' | undefined },
  io: Io,
): Promise<ExitCode> {
  const { targets, notes } = await findDoctorTargets(request, io);
  for (const note of notes) io.err(note);
  const reports: Report[] = [];
  for (const target of targets) reports.push(await examineTarget(target));
  const findings = reports.flatMap((report) => [report, ...report.workers]).flatMap((part) => part.findings);
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (request.output === undefined) {
    io.out(reports.map(rendered).join('\n\n'));
    io.err(`${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`);
  } else {
    const document = { problems, warnings, redis: reports };
    io.out(
      request.output === 'json' ? JSON.stringify(document, null, 2) : stringify(document, { lineWidth: 0 }).trimEnd(),
    );
  }
  return problems > 0 ? exitCodes.failed : exitCodes.ok;
}

async function examineTarget({ target, workers, isDefault }: DoctorTarget): Promise<Report> {
  const findings = await examine(target, {
    clock: systemClock,
    deadlineMs,
    needs: needsOf({ target, workers, isDefault }),
  });
  const report = { subject: subjectOf(target), findings, workers: [] };
  if (findings.some(({ check }) => check === 'RedisReachable')) return report;
  const connections = new RedisConnections({ commandMs: deadlineMs });
  try {
    const link = connections.control(target);
    return {
      ...report,
      workers: await Promise.all(
        workers.map(async (worker) => ({ name: worker.name, findings: await examineWorker(link, worker) })),
      ),
    };
  } finally {
    connections.close();
  }
}

/** Pods of workers with a Redis of their own log in as the operator does; on its own Redis they are other users. */
function needsOf({ target, workers, isDefault }: DoctorTarget): Need[] {
  const examined = workers.length > 0 ? workers.flatMap(({ needs }) => needs) : operatorNeeds(sampleKeys(target));
  const forEach = isDefault ? examined.filter(({ actor }) => actor !== 'worker') : examined;
  return isDefault ? [...forEach, ...newsNeeds(), ...userNeeds()] : forEach;
}

function rendered({ subject, findings, workers }: Report): string {
  return [
    subject,
    ...lines(findings),
    ...workers.flatMap((worker) => [`Worker ${worker.name}`, ...lines(worker.findings)]),
  ].join('\n');
}

function lines(findings: readonly Finding[]): readonly string[] {
  return alignRows(findings.map(({ check, verdict, message }) => [`${marks[verdict]} ${check}`, message]));
}
