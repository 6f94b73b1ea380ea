// Serves what untrusted modules say, each in a process of its own: deno run -A examples/broker/main.ts
import { BrokerError, WorkerBroker } from 'redisworker/broker';
import type * as Greeter from './greeter.ts';

const here = (name: string) => new URL(`./${name}.ts`, import.meta.url);

using broker = new WorkerBroker({
  isolation: 'Process',
  settingsOf: ({ href }) => ({
    mayCall: (target, name) => href === here('greeter').href && target.href === here('visits').href && name === 'count',
  }),
});

const hers = [here('greeter'), 'ada'] as const;
const ada = broker.workerProxy<typeof Greeter>(hers);
const hurried = broker.workerProxy<typeof Greeter>(hers, { timeoutMs: 500 });
const bob = broker.workerProxy<typeof Greeter>([here('greeter'), 'bob']);

console.log(await ada.greet('Ada'));
console.log(await ada.greet('Ada'));
console.log(await bob.greet('Bob'));
console.log(await hurried.forever().catch((error) => error instanceof BrokerError ? error.code : error));
broker.removeWorker(hers); // or it is ended a second later, since it shows no sign of life
console.log(await ada.greet('Ada'));
