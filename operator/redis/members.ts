/** The servers a set behind Sentinels, or a Cluster, says it is made of: what a client may be led to. Pure. */
import { type HostPort, parseHostPort } from '../../contract/host-port.ts';
import { fieldsOf, items, number, records, text } from './replies.ts';

/** How the answer that is read was asked for. */
export interface Asked {
  /** The server that answered: a Cluster leaves out a host that is the one it was asked at. */
  readonly host: string;
  readonly tls: boolean;
}

/** The nodes of `CLUSTER SHARDS`, masters and replicas, whether they are well or not. */
export function nodesOfShards(reply: unknown, asked: Asked): HostPort[] {
  return items(reply).flatMap((shard) =>
    items(fieldsOf(shard).get('nodes')).flatMap((node) => {
      const fields = fieldsOf(node);
      const port = asked.tls ? fields.get('tls-port') ?? fields.get('port') : fields.get('port');
      return serverOf(fields.get('endpoint'), port, asked);
    })
  );
}

/** The nodes of `CLUSTER SLOTS`, from a server that is too old for shards. */
export function nodesOfSlots(reply: unknown, asked: Asked): HostPort[] {
  return items(reply).flatMap((range) =>
    items(range).slice(2).flatMap((node) => {
      const [host, port] = items(node);
      return serverOf(host, port, asked);
    })
  );
}

/** The server of `SENTINEL MASTER`. */
export function serverOfMaster(reply: unknown): HostPort[] {
  const { ip = '', port } = records(reply);
  return dialable(ip, port);
}

/** The servers of `SENTINEL REPLICAS` or `SENTINEL SENTINELS`, whether they are well or not. */
export function serversOfList(reply: unknown): HostPort[] {
  return items(reply).flatMap(serverOfMaster);
}

/** A node as it tells of itself: nothing, an empty text or a question mark is the host the client has come by. */
export function serverOf(endpoint: unknown, port: unknown, { host }: Asked): HostPort[] {
  const named = text(endpoint);
  return dialable(named === '' || named === '?' ? host : named, port);
}

/** None where no client could dial it. */
function dialable(host: string, port: unknown): HostPort[] {
  const server = parseHostPort(`${host.includes(':') ? `[${host}]` : host}:${number(port) ?? 0}`);
  return server === undefined ? [] : [server];
}
