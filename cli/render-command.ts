/** The words of `redisworker render`. */
import { isIP } from 'node:net';
import { env } from 'node:process';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type HostPort, parseHostPort } from '../contract/host-port.ts';
import { type CodeFlags, withCodeFlags } from '../operator/code-flags.ts';
import { type ObjectFlags, readObjectFlags, withObjectFlags } from '../operator/object-flags.ts';
import { withRedisFlags } from '../operator/redis-flags.ts';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { examples } from './words.ts';

interface Flags extends ObjectFlags, CodeFlags {
  readonly namespace: string;
  readonly output: 'yaml' | 'json';
  readonly redisHashes?: true;
  readonly resolve: ReadonlyMap<string, readonly string[]>;
  readonly redisMember: readonly HostPort[];
}

/** Adds `render` to the program. */
export function addRenderCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const command = root.command('render')
    .description('print every object the operator would write for the workers of manifest files; it asks nobody')
    .argument('<files...>', 'manifest files, folders of them, or - for standard input')
    .addOption(new Option('-o, --output <form>', 'how it is printed').choices(['yaml', 'json']).default('yaml'))
    .option('-n, --namespace <name>', 'namespace of documents that name none', 'default')
    .option('--redis-hashes', 'also the config hashes, as documents of the kind RedisHash')
    .addOption(
      new Option('--resolve <name=address,…>', 'addresses of a name outside the cluster; may be given again')
        .argParser(resolution).default(new Map(), 'none'),
    )
    .addOption(
      new Option('--redis-member <host:port>', 'a server behind the Sentinels, or of the Cluster; may be given again')
        .argParser(member).default([], 'none'),
    );
  withCodeFlags(withObjectFlags(withRedisFlags(command))).addHelpText(
    'after',
    `${
      examples([
        ['render worker.yaml --redis redis://redis.redis.svc:6379', 'what a cluster with that Redis would get'],
        ['render deploy/ cluster.yaml --redis redis://redis.redis.svc:6379 -o json', 'with the Services of a cluster'],
      ])
    }

ConfigMaps, Secrets, Services, EndpointSlices and policies among the files are what the cluster has. What nobody can
know before the operator writes it is shown as <…>; values of Secrets always are.

Exit codes: 0 rendered, 1 a manifest is refused or a worker has no objects, 2 wrong call.`,
  ).action(async (files: string[], flags: Flags) => {
    const { render } = await import('./render.ts'); // the whole operator, which the quick commands do not wait for
    const { readDefaultRedis } = await import('../operator/redis-settings.ts');
    const { shapingOptions } = await import('../operator/defaults.ts');
    const { readCodeFlags } = await import('../operator/code-settings.ts');
    const settings = { ...readDefaultRedis(command, env), ...readObjectFlags(flags) };
    const { registries, ...code } = readCodeFlags(flags);
    const options = { ...shapingOptions(settings), registries, redisHosts: { allowed: flags.redisHosts } };
    const { namespace, output, redisHashes = false, resolve: addresses, redisMember: members } = flags;
    const known = { options, addresses, members, code };
    finish(await render({ files, namespace, output, redisHashes, ...known }, io));
  });
}

function resolution(
  text: string,
  before: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const [, name = '', list = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const addresses = list.split(',');
  if (name === '' || addresses.some((address) => isIP(address) === 0)) {
    throw new InvalidArgumentError(
      'It must be a name and its addresses, such as api.example.com=203.0.113.7,2001:db8::7.',
    );
  }
  const host = name.toLowerCase();
  return new Map([...before, [host, [...(before.get(host) ?? []), ...addresses]]]);
}

function member(text: string, before: readonly HostPort[]): readonly HostPort[] {
  const server = parseHostPort(text);
  if (!server) throw new InvalidArgumentError('It must be host:port, such as redis-1.redis.svc:6379.');
  return [...before, server];
}
