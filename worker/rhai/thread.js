// What threads start, by the same name in the repository and in the image, where this is thread.ts with all it imports.
import './thread.ts';
