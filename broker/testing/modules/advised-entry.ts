/** An entry that tells what runs around the calls. */
import { onmessage } from '../../onmessage.ts';

const scope = globalThis as unknown as { onmessage: unknown; postMessage(text: string): void };

scope.onmessage = onmessage({
  initialCall: ({ functionName }) => scope.postMessage(`initialCall ${functionName}`),
  beforeCall: () => scope.postMessage('beforeCall'),
  afterCall: async () => {
    await null;
    scope.postMessage('afterCall');
  },
});
