/** The same order to several jobs. */

import { canRetry, canStop, hasEnded, type IListed } from '../listed';
import type { ICubeClient } from '../tokens';

export type Order = 'stop' | 'retry' | 'delete';

export interface IRefusal {
  readonly id: string;
  /** Why, and what to do. */
  readonly message: string;
}

const AT_ONCE = 100; // a request with more would take long, and tell nothing before its end

/** To whom an order means something. */
export function obeys(job: IListed, order: Order): boolean {
  return { stop: canStop, retry: canRetry, delete: hasEnded }[order](job);
}

/** Order each; those that refuse. One that refuses does not keep the others from it. */
export async function orderAll(client: ICubeClient, order: Order, ids: readonly string[]): Promise<IRefusal[]> {
  const refusals: IRefusal[] = [];
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const answer = await client.post(['jobs', 'bulk'], { order, ids: ids.slice(first, first + AT_ONCE) });
    for (const { id, ok, error } of (answer as IAnswer).results) {
      if (!ok) {
        refusals.push({ id, message: [error?.message, error?.hint].filter(Boolean).join('; ') });
      }
    }
  }
  return refusals;
}

interface IAnswer {
  readonly results: readonly {
    readonly id: string;
    readonly ok: boolean;
    readonly error?: { readonly message: string; readonly hint: string };
  }[];
}
