/** Go as a build tool: whether it is there, and commands of it. */
import { CannotBuild, runTool, type ToolOptions } from './tool.ts';

/**
 * Makes sure that Go is there and no older than `minimum`, for example `1.26`.
 * @throws CannotBuild
 */
export async function requireGo(minimum: string, options: ToolOptions): Promise<void> {
  const version = await go(['env', 'GOVERSION'], options).catch(() => undefined);
  const hint = `install Go ${minimum} or newer from https://go.dev/dl to run the tests that need it`;
  if (version === undefined) throw new CannotBuild('NoGo', `there is no "go" on PATH: ${hint}`);
  const [, major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const [wantMajor = 0, wantMinor = 0] = minimum.split('.').map(Number);
  if (major < wantMajor || (major === wantMajor && minor < wantMinor)) {
    throw new CannotBuild('NoGo', `"go" on PATH is ${version.trim()}: ${hint}`);
  }
}

/**
 * Runs a command of Go. @returns its stdout
 * @throws CannotBuild with its last words
 */
export function go(args: readonly string[], options: ToolOptions): Promise<string> {
  return runTool('go', args, options);
}
