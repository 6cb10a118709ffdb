/** Requests to the server extension, and what it says where it refuses one. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Query } from './tokens';

/** Below the server's base address. */
export const ROOT = 'cube/api';

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
 * The answer's JSON.
 *
 * @throws ApiError `unknown`: the server has no such thing; `absent`: it has no server extension.
 */
export async function request(settings: ServerConnection.ISettings, url: string, init: RequestInit): Promise<unknown> {
  const response = await ServerConnection.makeRequest(url, init, settings).catch((error: unknown) => {
    throw error instanceof ServerConnection.NetworkError ? new ApiError(error.message, 'unreachable') : error;
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) {
    return body;
  }
  const { message, hint } = texts(body);
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
