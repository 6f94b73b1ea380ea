/** The broker: makes a worker for a module when it is first called, and lets modules call each other. */
import { BrokerError } from './broker-error.ts';
import { debug } from './debug.ts';
import { type CallRequest, Instance, type InstanceIdentity } from './instance.ts';
import { pack, repack, unpack } from './marshal.ts';
import type { CallMessage, OutcomeMessage } from './messages.ts';
import { ModuleProcess } from './module-process.ts';
import { proxiesOver } from './proxy.ts';
import { type Target, targetOf } from './specifier.ts';
import { getTelemetry } from './telemetry.ts';
import { described, stateOf } from './told.ts';
import type {
  BrokerOfEvents,
  CallOptions,
  ModuleSettings,
  WorkerBrokerOptions,
  WorkerProxyFactory,
  WorkerSpecifier,
  WorkerState,
} from './types.ts';
import { Links } from './links.ts';
import { makeWorker } from './make-worker.ts';

/**
 * Runs modules in workers of their own, each when it is first called.
 *
 * @example
 * ```ts
 * import { WorkerBroker } from "redisworker/broker";
 * import type * as Hello from "./hello.ts";
 *
 * using broker = new WorkerBroker();
 * const hello = broker.workerProxy<typeof Hello>(new URL("./hello.ts", import.meta.url));
 * console.log(await hello.hello("World"));
 * ```
 */
export class WorkerBroker implements WorkerProxyFactory, BrokerOfEvents {
  readonly #options: WorkerBrokerOptions;
  readonly #instances = new Map<string, Instance>();
  /** Those that end their calls, and get no more. */
  readonly #retired = new Set<Instance>();
  /** By the URL of a module, what was last appended to it. */
  readonly #busters = new Map<string, string>();

  constructor(options: WorkerBrokerOptions = {}) {
    this.#options = options;
  }

  /** What modules have called, by what they call it: they do so again and again. */
  readonly #links = new Links();
  readonly #known = new Map<string, Target>();

  readonly #proxies = proxiesOver<Target>({
    resolve: targetOf,
    call: (target, functionName, args, options) => this.#call(target, functionName, args, options),
  });

  /** All functions of a module. Its worker is made with the first call. */
  readonly workerProxy: WorkerProxyFactory['workerProxy'] = this.#proxies.workerProxy;

  /** One function of a module. Its worker is made with the first call. */
  readonly workerFnProxy: WorkerProxyFactory['workerFnProxy'] = this.#proxies.workerFnProxy;

  /**
   * Imports a module into its worker.
   * @param cacheBuster another one than before imports the module anew, and once that is done every call goes to what
   * was imported, whoever makes it. What the module imports itself stays as it is.
   */
  readonly workerImport = async (worker: WorkerSpecifier, cacheBuster?: string | number): Promise<void> => {
    const target = targetOf(worker);
    if (cacheBuster === undefined) return void await this.#call(target, undefined, [], {});
    const fresh = new URL(target.href);
    fresh.hash = `${cacheBuster}`;
    await this.#call({ ...target, href: fresh.href }, undefined, [], {});
    this.#busters.set(target.bareHref, fresh.hash);
    this.#links.turnBack(target.bareHref);
  };

  /** The worker of a module, made now when there is none. */
  readonly getWorker = (worker: WorkerSpecifier): Worker => this.#instanceOf(targetOf(worker)).worker;

  /** Lets go of a worker and ends it; its calls reject. The next call makes a new one. */
  readonly removeWorker = (worker: WorkerSpecifier): void => {
    const instance = this.#instances.get(this.#keyOf(targetOf(worker)));
    instance?.end(new BrokerError('Removed', `the worker of ${instance.name} was removed`));
  };

  /**
   * Has the next call make a new worker, from the module as it is by then; the one there is ends its calls first.
   * @param withinMs milliseconds it may take for that
   */
  readonly retireWorker = (worker: WorkerSpecifier, withinMs = 30_000): void => {
    const target = targetOf(worker);
    const instance = this.#instances.get(this.#keyOf(target));
    if (instance === undefined) return;
    this.#instances.delete(instance.identity.key);
    this.#retired.add(instance);
    this.#links.turnBack(target.bareHref);
    instance.retire(withinMs, this.#links.lead(instance));
  };

  /** Every worker there is, those that are retiring as well. */
  readonly workers = (): WorkerState[] => [...this.#instances.values(), ...this.#retired].map(stateOf);

  /** Asks every worker what it takes; {@link WorkerBroker.workers} has it once it has answered. */
  readonly measure = (): void => {
    for (const instance of this.#instances.values()) instance.measure();
  };

  readonly isBusy = (worker: WorkerSpecifier): boolean =>
    this.#instances.get(this.#keyOf(targetOf(worker)))?.isBusy ?? false;

  /** Ends every worker; calls under way reject. @returns when no process of theirs is left, which nobody need wait for */
  readonly terminate = async (): Promise<void> => {
    const instances = [...this.#instances.values(), ...this.#retired];
    for (const instance of instances) instance.end(new BrokerError('Removed', 'the broker was terminated'));
    this.#options.workerCleaner?.({ type: 'terminate', broker: this });
    await Promise.all(instances.map(({ gone }) => gone));
  };

  /** The same, at the end of a block with `using`. */
  readonly [Symbol.dispose]: () => void = () => void this.terminate();

  #call(target: Target, functionName: string | undefined, args: readonly unknown[], options: CallOptions) {
    const telemetry = getTelemetry();
    if (telemetry === undefined) return this.#send(target, functionName, args, options);
    return telemetry.msgSpan('callWorkerFn', described(target, functionName, args), async (tools) => {
      const context = telemetry.marshalContext();
      tools.event('postMessage');
      const result = await this.#send(target, functionName, args, options, context);
      tools.event('result');
      return result;
    });
  }

  #send(
    target: Target,
    functionName: string | undefined,
    args: readonly unknown[],
    options: CallOptions,
    context?: unknown,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const instance = this.#instanceOf(target);
      debug('call', functionName, target.href, target.segregationId);
      const request: CallRequest = {
        target: this.#fresh(target),
        functionName,
        context,
        pack: (streams) => pack(args, streams),
      };
      const settle = (outcome: OutcomeMessage) => {
        try {
          const [value] = unpack(outcome, instance.streams);
          if (outcome.kind === 'result') resolve(value);
          else reject(value);
        } catch (error) {
          reject(error);
        }
      };
      instance.call(request, { settle, fail: reject }, options);
    });
  }

  /** A module calls another one. Who it is, its worker tells; what it says of itself is not read. */
  #route(from: Instance, call: CallMessage): void {
    const { outgoing = 1024, isolation = 'Worker', mayCall = () => isolation === 'Worker' } = from.settings;
    if (from.outgoing.has(call.id)) return;
    from.outgoing.set(call.id, () => undefined);
    try {
      if (from.outgoing.size > outgoing) {
        throw new BrokerError('Overloaded', `${from.name} has ${outgoing} calls under way already`);
      }
      const target = this.#knownTarget(call);
      const { module } = target;
      if (!mayCall(module, call.functionName, call.segregationId)) {
        throw new BrokerError(
          'NotAllowed',
          `${from.name} may not call ${call.functionName ?? 'import'}() of ${module}`,
        );
      }
      this.#relay(from, call, target);
    } catch (error) {
      from.fail(call.id, error);
    }
  }

  #relay(from: Instance, call: CallMessage, target: Target): void {
    const { functionName, context, timeoutMs, id } = call;
    debug('relay', from.name, functionName, target.bareHref);
    const to = this.#instanceOf(target);
    const request: CallRequest = {
      target: this.#fresh(target),
      functionName,
      source: { module: from.identity.module.href, segregationId: from.identity.segregationId },
      context,
      pack: (streams) => repack(call, from.streams, streams),
    };
    const done = () => from.outgoing.has(id);
    const giveUp = to.call(request, {
      settle: (outcome) => {
        if (done()) from.answer({ kind: outcome.kind, id, ...repack(outcome, to.streams, from.streams) });
      },
      fail: (reason) => from.fail(id, reason),
    }, timeoutMs === undefined ? {} : { timeoutMs });
    if (giveUp === undefined || !done()) return;
    from.outgoing.set(id, giveUp);
    const { workerCleaner, workerConstructor } = this.#options;
    const isWatched = workerCleaner !== undefined || workerConstructor !== undefined;
    if (!isWatched && !this.#busters.has(target.bareHref)) this.#links.passed(from, to, target);
  }

  /** The module as it was imported last; of a call of another module the hash is not its to choose. */
  #fresh({ href, bareHref }: Target): string {
    return href === bareHref ? `${href}${this.#busters.get(href) ?? ''}` : href;
  }

  #knownTarget({ target, segregationId }: CallMessage): Target {
    const known = segregationId === undefined ? this.#known.get(target) : undefined;
    if (known !== undefined) return known;
    const found = targetOf([target, segregationId]);
    const bare = { ...found, href: found.bareHref };
    if (segregationId !== undefined) return bare;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(target, bare);
    return bare;
  }

  #keyOf({ module, segregationId, usualKey }: Target): string {
    const { workerKeySupplier } = this.#options;
    return workerKeySupplier === undefined ? usualKey : workerKeySupplier(module, segregationId);
  }

  #instanceOf(target: Target): Instance {
    const key = this.#keyOf(target);
    const existing = this.#instances.get(key);
    const instance = existing ?? this.#create({ module: target.module, segregationId: target.segregationId, key });
    this.#tell(existing === undefined ? 'create' : 'get', instance);
    return instance;
  }

  #create(identity: InstanceIdentity): Instance {
    const { module, segregationId } = identity;
    const settings: ModuleSettings = { ...this.#options, ...this.#options.settingsOf?.(module, segregationId) };
    const worker = settings.isolation === 'Process'
      ? new ModuleProcess(module, settings)
      : this.#options.workerConstructor?.(module, segregationId) ?? makeWorker(module, settings);
    const instance = new Instance(identity, worker, settings, {
      route: (from, call) => this.#route(from, call),
      ended: (ended) => {
        if (!this.#retired.delete(ended)) this.#instances.delete(ended.identity.key);
        this.#links.ended(ended, ended.endedFor);
        this.#tell('remove', ended);
      },
    });
    this.#instances.set(identity.key, instance);
    return instance;
  }

  #tell(type: 'create' | 'get' | 'remove', instance: Instance): void {
    if (this.#options.workerCleaner === undefined) return;
    const { worker, identity: { key, module, segregationId } } = instance;
    this.#options.workerCleaner({
      ...instance.counts,
      type,
      worker,
      key,
      moduleSpecifier: module,
      broker: this,
      ...(segregationId === undefined ? {} : { segregationId }),
      ...(type === 'remove' ? { reason: instance.endedFor } : {}),
    });
  }
}

/** Names of modules that are remembered. */
const mostKnown = 1000;
