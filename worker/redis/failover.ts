/**
 * Notices that another server has become the master. One that is gone ends its connections by itself; one that is cut off,
 * or was told to hand over, goes on for ten seconds and more, and what it is told meanwhile is lost.
 */
import { pause } from '../pod/timers.ts';
import type { Route } from './route.ts';

/** How often the Sentinels are asked, in ms. */
const lookEveryMs = 1000;

/** Calls `onMove` when the route leads to another server by now. Anywhere but behind Sentinels there is nothing to follow. */
export function followMaster({ hasMoved }: Route, onMove: () => void): { end(): void } {
  return hasMoved ? follow(hasMoved, onMove) : { end: () => {} };
}

function follow(hasMoved: () => Promise<boolean>, onMove: () => void): { end(): void } {
  const ended = new AbortController();
  const watch = async () => {
    while (!ended.signal.aborted) {
      await pause(lookEveryMs, ended.signal);
      if (!ended.signal.aborted && await hasMoved()) onMove();
    }
  };
  void watch();
  return { end: () => ended.abort() };
}
