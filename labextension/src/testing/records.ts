/** Records for the tests. */

/** A record of a running job, with other values for some of its fields. */
export function record(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: 1,
    store: '/home/me/cube',
    id: 'k3jabcdefghijklm',
    name: 'train',
    state: 'RUNNING',
    reason: '',
    started: 1_800_000_000,
    ended: 0,
    as_of: 1_800_000_151,
    tasks: { worker: [['RUNNING', 1]] },
    tail: ['epoch 3/10  loss 0.231'],
    next: ['%cube logs k3jabc --follow', '%cube stop k3jabc'],
    ...changes
  };
}
