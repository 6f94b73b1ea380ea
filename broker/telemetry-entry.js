// What Workers and processes of modules start with telemetry, by the same name in the repository and in the package.
import './telemetry-entry.ts';
