/** The jobs that somebody has picked in the list. */

import { Changing } from '../model';


export class Picked extends Changing {
  get ids(): ReadonlySet<string> {
    return this._ids;
  }

  set(ids: Iterable<string>): void {
    this._ids = new Set(ids);
    this.tell();
  }

  toggle(id: string): void {
    const ids = new Set(this._ids);
    if (!ids.delete(id)) {
      ids.add(id);
    }
    this.set(ids);
  }

  private _ids: ReadonlySet<string> = new Set();
}
