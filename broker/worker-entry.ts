/** What a Worker runs unless the program makes its Workers itself. */
import { onmessage } from './onmessage.ts';

(globalThis as { onmessage?: unknown }).onmessage = onmessage();
