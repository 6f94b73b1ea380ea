// What the Hats runtime asks databases by, by the same name in the repository and in the image.
import './hats-sql.ts';
