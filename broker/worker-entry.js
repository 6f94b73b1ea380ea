// What Workers start, by the same name in the repository and in the package, where this is worker-entry.ts with all it imports.
import './worker-entry.ts';
