/** What Linux tells about a process. */
import { readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second, whatever the machine. */
const msPerTick = 10;

/** Milliseconds of processor time of all threads so far; 0 where there is no /proc. */
export function processorMs(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * msPerTick;
}

/** Resident memory in MB (10^6 bytes); NaN where there is no /proc. */
export function residentMb(pid: number): number {
  return memoryMb(pid, 'VmRSS');
}

/** The most it ever was. */
export function peakMb(pid: number): number {
  return memoryMb(pid, 'VmHWM');
}

/** The part of it that is no file's, which it shares with nobody. */
export function anonymousMb(pid: number): number {
  return memoryMb(pid, 'RssAnon');
}

function memoryMb(pid: number, name: string): number {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/status`)) ?? [];
  return (Number(kib) * 1024) / 1e6;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
