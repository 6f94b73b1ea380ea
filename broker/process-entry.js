// What processes of modules start, by the same name in the repository and in the package, where this is process-entry.ts with all it imports.
import './process-entry.ts';
