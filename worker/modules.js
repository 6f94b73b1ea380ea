// What pods start, by the same name in the repository and in the image, where this is modules.ts with all it imports.
import './modules.ts';
