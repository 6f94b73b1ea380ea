// What the Hats runtime sends requests of scripts by, by the same name in the repository and in the image.
import './hats-outside.ts';
