import { describe, expect, it } from 'vitest';
import { knowsTls, noTls } from '../support/redis.ts';
import { loadCluster, loadOne, loadRotation, loadSentinel } from '../support/topologies/load.ts';

const requests = 100_000;

describe('a hundred thousand requests', () => {
  it.for(['plain', 'TLS', 'mutual TLS'] as const)(
    'are each answered once over %s while connections are cut',
    async (over, { skip }) => {
      if (over !== 'plain' && !await knowsTls()) return skip(noTls);
      expect(await loadOne(requests, over)).toMatchObject({ requests, lost: 0, answeredTwice: 0, repliedTwice: 0 });
    },
  );

  it('are each answered once behind Sentinels, while the master hands over and its successor is killed', async () => {
    expect(await loadSentinel(requests)).toMatchObject({ requests, lost: 0, answeredTwice: 0, repliedTwice: 0 });
  });

  it('are each answered once on a Cluster, while slots move and two masters are killed', async () => {
    expect(await loadCluster(requests)).toMatchObject({ requests, lost: 0, answeredTwice: 0 });
  });

  it.for([['behind Sentinels', loadSentinel], ['on a Cluster', loadCluster]] as const)(
    'are each counted once %s where they leave neither replies nor traces',
    async ([, load]) => {
      expect(await load(requests, 'lean')).toMatchObject({ requests, lost: 0, answeredTwice: 0 });
    },
  );

  it('are each answered once by a worker that is given other passwords again and again', async () => {
    expect(await loadRotation(requests)).toMatchObject({ requests, lost: 0, answeredTwice: 0, repliedTwice: 0 });
  });
});
