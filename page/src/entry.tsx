/** Asks for the token, where the address brought none. */
import { useState } from 'preact/hooks';
import { currentToken, enter } from './session.ts';

export function Entry({ why, onEnter }: { readonly why: string; readonly onEnter: () => void }) {
  const [text, setText] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    enter(text);
    setText('');
    onEnter();
  };
  return (
    <main class='entry'>
      <form class='card' onSubmit={submit}>
        <h1>{currentToken() === '' ? 'Who is there?' : 'This token does not open the page'}</h1>
        <p>{why}</p>
        <label for='token'>Token</label>
        <input
          id='token'
          type='password'
          autocomplete='off'
          spellcheck={false}
          required
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type='submit'>Enter</button>
      </form>
    </main>
  );
}
