// What the Hats runtime starts for each script, by the same name in the repository and in the image.
import './hats-vm.ts';
