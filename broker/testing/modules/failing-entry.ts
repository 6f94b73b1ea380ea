import { onmessage } from '../../onmessage.ts';

(globalThis as { onmessage?: unknown }).onmessage = onmessage({
  initialCall: () => {
    throw new Error('nothing begins here');
  },
});
