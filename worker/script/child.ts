/** One process of the user's: started with its key line, told to stop, waited for. */

/** How to start and stop it. */
export interface ChildOptions {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** Written to its stdin, which is then closed; empty for a child that needs none. */
  readonly keyLine: string;
  /** Aborted with the signal to pass on as its reason. */
  readonly stop: AbortSignal;
  /** Milliseconds after that signal until it is killed. */
  readonly graceMs: number;
}

/**
 * Runs a child to its end.
 * @returns its exit code; 128 + n when signal n ended it
 * @throws Deno.errors.NotFound when there is no such program
 */
export async function runChild(options: ChildOptions): Promise<number> {
  const [program, ...args] = options.command;
  const child = new Deno.Command(program, {
    args,
    env: { ...options.environment },
    clearEnv: true,
    stdin: 'piped',
    stdout: 'inherit',
    stderr: 'inherit',
  }).spawn();
  const released = passSignalOn(child, options);
  try {
    await Promise.all([giveKey(child, options.keyLine), child.status]);
    return (await child.status).code;
  } finally {
    released();
  }
}

async function giveKey(child: Deno.ChildProcess, keyLine: string): Promise<void> {
  const stdin = child.stdin.getWriter();
  try {
    if (keyLine !== '') await stdin.write(new TextEncoder().encode(keyLine));
    await stdin.close();
  } catch {
    // The child ended, or closed its stdin, without reading the line: its exit code tells the rest.
  }
}

/** @returns a function that ends the watch over the child */
function passSignalOn(child: Deno.ChildProcess, { stop, graceMs }: ChildOptions): () => void {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    kill(child, stop.reason as Deno.Signal);
    patience = setTimeout(() => kill(child, 'SIGKILL'), graceMs);
  };
  if (stop.aborted) tell();
  else stop.addEventListener('abort', tell, { once: true });
  return () => {
    stop.removeEventListener('abort', tell);
    clearTimeout(patience);
  };
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has just ended.
  }
}
