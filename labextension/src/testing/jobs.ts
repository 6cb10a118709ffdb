/** Jobs as the server lists them, for the tests. */

/** One that runs, with other values for some of its fields. */
export function listedRecord(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'k3jabcdefghijklm',
    name: 'train',
    state: 'RUNNING',
    reason: '',
    backend: 'local',
    created: 1_800_000_000,
    started: 1_800_000_001,
    ended: 0,
    tasks: 1,
    tags: [],
    notebook: '',
    items: [],
    held: [],
    ...changes
  };
}
