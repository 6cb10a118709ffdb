/** Requests to the server extension, and what it says where it refuses one. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Query } from './tokens';

/** Below the server's base address. */
export const ROOT = 'cube/api';

/** A proxy speaks, because the server behind it does not; 424 is JupyterHub's. */
const GATEWAY: readonly number[] = [424, 502, 503, 504];

/** A request was refused, or nobody answered. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly kind: 'refused' | 'unknown' | 'absent' | 'unreachable'
  ) {
    super(message);
  }
}

/** Where something of the server extension lies. */
export function address(settings: ServerConnection.ISettings, path: readonly string[], query: Query = {}): string {
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`]
  );
  const url = URLExt.join(settings.baseUrl, ROOT, ...path.map(encodeURIComponent));
  return asked.length === 0 ? url : `${url}?${asked.join('&')}`;
}

/**
 * The answer's JSON; null where it has none.
 *
 * @throws ApiError `unknown`: the server has no such thing; `absent`: it has no server extension.
 */
export async function request(settings: ServerConnection.ISettings, url: string, init: RequestInit): Promise<unknown> {
  const response = await answer(settings, url, init);
  if (response.status === 204) {
    return null;
  }
  return (await response.json().catch(() => {
    throw new ApiError('what answers is not the server', 'unreachable'); // a proxy's page, such as one to log in
  })) as unknown;
}

/** The answer's text. */
export async function text(settings: ServerConnection.ISettings, url: string): Promise<string> {
  return (await answer(settings, url, {})).text();
}

async function answer(settings: ServerConnection.ISettings, url: string, init: RequestInit): Promise<Response> {
  const response = await ServerConnection.makeRequest(url, init, settings).catch((error: unknown) => {
    throw error instanceof ServerConnection.NetworkError ? new ApiError(error.message, 'unreachable') : error;
  });
  if (response.ok) {
    return response;
  }
  const { message, hint } = texts(await response.json().catch(() => null));
  if (GATEWAY.includes(response.status) && hint === undefined) {
    throw new ApiError(`${String(response.status)} ${response.statusText}`, 'unreachable');
  }
  // a Jupyter server without the extension says 404, too, but gives no hint
  const kind = response.status !== 404 ? 'refused' : hint === undefined ? 'absent' : 'unknown';
  throw new ApiError(
    [message ?? `${String(response.status)} ${response.statusText}`, hint ?? ''].filter(part => part !== '').join('; '),
    kind
  );
}

function texts(body: unknown): { message?: string; hint?: string } {
  const fields = Object.entries(typeof body === 'object' && body !== null ? body : {});
  return Object.fromEntries(fields.filter(([, value]) => typeof value === 'string'));
}

/** What was refused; any other error is a fault of ours and goes on. */
export function refusal(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  throw error;
}
