/** What a Worker or a process of a module runs where the broker's calls are told by {@link openTelemetry}. */
import { onmessage } from './onmessage.ts';
import { openTelemetry, setTelemetry } from './telemetry.ts';

setTelemetry(openTelemetry());
(globalThis as { onmessage?: unknown }).onmessage = onmessage();
