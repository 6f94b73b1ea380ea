import { assertEquals, assertThrows } from '../../testing/assert.ts';
import { parseDsn } from './dsn.ts';

const local = { host: '127.0.0.1', port: 3306, user: undefined, password: undefined, database: undefined, tls: 'none' };

Deno.test('the text that names a database is read as the first workers of this kind read it', () => {
  assertEquals(parseDsn('/'), local);
  assertEquals(parseDsn('root:p@ss:w/rd@tcp(db.app.svc:3307)/shop?tls=true'), {
    ...{ host: 'db.app.svc', port: 3307, user: 'root', password: 'p@ss:w/rd', database: 'shop', tls: 'checked' },
  });
  assertEquals(parseDsn('me@tcp([::1]:3306)/a%2Fb?tls=skip-verify&timeout=5s'), {
    ...local,
    ...{ host: '::1', user: 'me', database: 'a/b', tls: 'unchecked' },
  });
  assertEquals(parseDsn('tcp(db)/'), { ...local, host: 'db' });
});

Deno.test('what names no database is told without its password', () => {
  for (const text of ['me:secret@tcp(db:3306)', 'me:secret@unix(/run/mysqld.sock)/shop', 'me:secret@tcp(a b)/shop']) {
    assertThrows(() => parseDsn(text), /^(?!.*secret)/);
  }
});
