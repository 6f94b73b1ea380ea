/** A module of several files: code, data and a text. */
import { type Handler, Reply } from 'redisworker';
import { fill } from '@/fill.ts';
import greetings from './texts/greetings.json' with { type: 'json' };
import letter from './texts/letter.txt' with { type: 'text' };

const welcome: Handler<{ name?: string; language?: keyof typeof greetings }> = ({ data }) => {
  const { name, language = 'en' } = data ?? {};
  if (!name) throw new Reply(400, 'data.name must be the name of whom to welcome');
  return { letter: fill(letter, { greeting: greetings[language] ?? greetings.en, name }) };
};

export default welcome;
