import { ServerConnection } from '@jupyterlab/services';
import { beforeEach, describe, expect, it } from 'vitest';

import { CubeClient } from './client';
import { ApiError } from './request';

let answer = (): Response => new Response('{}');
const requests: Request[] = [];

function connect(changes: Partial<ServerConnection.ISettings> = {}): CubeClient {
  return new CubeClient(
    ServerConnection.makeSettings({
      baseUrl: 'http://here/user/me/',
      token: '',
      fetch: request => {
        requests.push(request as Request);
        return Promise.resolve(answer());
      },
      ...changes
    })
  );
}

beforeEach(() => {
  requests.length = 0;
});

describe('requests', () => {
  it('name the job, whatever is in its name', async () => {
    await connect().post(['jobs', 'a/../b c', 'stop']);
    expect(requests.map(({ method, url }) => `${method} ${url.split('?')[0] ?? ''}`)).toEqual([
      'POST http://here/user/me/cube/api/jobs/a%2F..%2Fb%20c/stop'
    ]);
  });

  it.each([
    ['unknown', 'no job; list them', 404, '{"message": "no job", "place": "", "hint": "list them"}'],
    ['absent', '404', 404, '<html></html>'],
    ['absent', 'Not Found', 404, '{"message": "Not Found"}'],
    ['refused', 'it has ended', 409, '{"message": "it has ended", "place": "", "hint": ""}'],
    ['refused', '500', 500, ''],
    ['unreachable', '503', 503, ''],
    ['unreachable', 'not the server', 200, '<html>Log in</html>']
  ])('that fail are %s: %s', async (kind, message, status, body) => {
    answer = (): Response => new Response(body, { status });
    const error: unknown = await connect()
      .get(['jobs', 'one'])
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ kind, message: expect.stringContaining(message) as string });
  });

  it('that nobody answers are unreachable', async () => {
    answer = (): Response => {
      throw new TypeError('Failed to fetch');
    };
    await expect(connect({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) }).get(['jobs', 'one'])).rejects.toMatchObject({
      kind: 'unreachable'
    });
  });
});
