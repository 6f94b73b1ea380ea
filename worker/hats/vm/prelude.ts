/**
 * What a script finds when it begins. It runs inside the context, so that all objects a script sees are of that context;
 * the two functions from outside are kept in a closure and take and give text alone.
 */
export const prelude = String.raw`(function () {
  'use strict';
  var stringify = JSON.stringify, parse = JSON.parse, global = globalThis;
  // What holds memory that no limit on the heap counts, or what waits for something nobody would wake.
  [
    'ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Atomics', 'WebAssembly', 'BigInt64Array', 'BigUint64Array',
    'Float16Array', 'Float32Array', 'Float64Array', 'Int8Array', 'Int16Array', 'Int32Array', 'Uint8Array',
    'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'console'
  ].forEach(function (name) { delete global[name]; });
  return function begin(link, redisLink, text) {
    var around = parse(text);
    function ask(operation, args) { return valueIn(link(operation, stringify(args))); }
    function valueIn(text) {
      if (text[0] === '+') return text.substring(1);
      var answer = parse(text);
      if (answer.end) throw new Error('the script is ended');
      return answer.value;
    }
    // As their host writes arguments: text as it is, numbers and truth values in words, anything else as JSON.
    function word(value) {
      if (typeof value === 'string') return value;
      if (value === null || value === undefined) return '';
      return typeof value === 'object' ? stringify(value) || '' : String(value);
    }
    function words(list) { return Array.prototype.map.call(list, word); }
    function define(name, value) {
      Object.defineProperty(global, name, { value: value, writable: true, configurable: true, enumerable: true });
    }
    function stopping(object, name) {
      Object.defineProperty(object, name, { get: function () { return ask('stopping', []); }, enumerable: true });
    }
    function log(level) {
      return function () { link('log', stringify([level, words(arguments).join(' ')])); };
    }
    define('console', { log: log('info'), info: log('info'), debug: log('info'), warn: log('warn'), error: log('error') });
    function Do() {
      return valueIn(redisLink(...words(arguments)));
    }
    define('redis', {
      Do: Do,
      Do2: Do,
      Blpop: function (seconds, key) { return ask('redis.Blpop', [Number(seconds), word(key)]); }
    });
    function http(method, form) {
      return function (url, body) {
        return ask('http', [method, word(url), form ? body || {} : body === undefined ? null : word(body), !!form]);
      };
    }
    define('http', {
      Get: http('GET'), Post: http('POST'), PostForm: http('POST', true), Put: http('PUT'),
      Delete: http('DELETE'), Head: http('HEAD')
    });
    // As it is given to a statement: anything else as JSON.
    function parameter(value) {
      if (value === undefined || value === null) return null;
      return ['string', 'number', 'boolean'].indexOf(typeof value) < 0 ? word(value) : value;
    }
    define('sql', {
      New: function (dsn, driver) {
        var closed = false;
        function call(method, list) {
          if (closed) return { error: 'the database is closed' };
          var query = list && list.length > 0 ? word(list[0]) : '';
          var parameters = list ? Array.prototype.slice.call(list, 1).map(parameter) : [];
          return ask('sql', [method, word(dsn), word(driver), query, parameters]);
        }
        function failure(said) { return said.error === undefined ? null : new Error(said.error); }
        call('Ping');
        return {
          Ping: function () { return failure(call('Ping')); },
          Query: function () { var said = call('Query', arguments); return said.error === undefined ? said.value : null; },
          Exec: function () { var said = call('Exec', arguments); return said.error === undefined ? said.value : undefined; },
          Close: function () { closed = true; return null; }
        };
      }
    });
    function env(operation, count) {
      return function () {
        if (arguments.length < count) return new SyntaxError('env.' + operation + ' takes ' + count + ' arguments');
        return ask('env.' + operation, words(arguments));
      };
    }
    // Made when it is first asked for: few scripts do.
    Object.defineProperty(global, '_', {
      get: function () {
        delete global._;
        link('library', '');
        return global._;
      },
      set: function (value) { define('_', value); },
      configurable: true
    });
    define('env', { Get: env('Get', 1), Set: env('Set', 2), Unset: env('Unset', 1) });
    var worker = { Name: around.worker.Name, Cluster: around.worker.Cluster };
    stopping(worker, 'ShuttingDown');
    worker.Shutdown = function () { ask('shutdown', []); };
    define('worker', worker);
    function defineSelf(name) {
      var self = {
        Key: around.key,
        State: function () { return ask('state', []); },
        Status: function () { return ask('status', []); },
        Disable: function () { ask('disable', []); }
      };
      if (name === 'thread') self.Stop = function () { ask('stop', []); };
      stopping(self, 'Stopped');
      define(name, self);
    }
    function answering(request) {
      var body = '', headers = {}, error;
      function write(text) {
        if (body.length + text.length > around.mostWritten) {
          throw new RangeError('the answer is longer than ' + around.mostWritten + ' characters');
        }
        body += text;
      }
      define('request', {
        Method: request.method,
        Path: request.path,
        Query: request.query,
        Body: request.body,
        GetHeader: function (name) {
          var key = String(name).toLowerCase();
          return Object.prototype.hasOwnProperty.call(request.headers, key) ? request.headers[key] : '';
        }
      });
      define('response', {
        Write: function (value) {
          if (arguments.length < 1) throw new RangeError('response.Write takes a text');
          write(String(value));
        },
        Error: function (text, status) { if (!error) error = { text: String(text), status: Math.trunc(Number(status)) || 0 }; },
        SetContentType: function (type) { headers['content-type'] = String(type); },
        SetHeader: function (name, value) { headers[String(name).toLowerCase()] = String(value); }
      });
      return { write: write, result: function () { return stringify({ error: error, headers: headers, body: body }); } };
    }
    if (around.self) defineSelf(around.self);
    return around.request && answering(around.request);
  };
})()`;
