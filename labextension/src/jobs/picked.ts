/** The jobs that somebody has picked in the list. */

import { Signal, type ISignal } from '@lumino/signaling';

export class Picked {
  get ids(): ReadonlySet<string> {
    return this._ids;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  set(ids: Iterable<string>): void {
    this._ids = new Set(ids);
    this._changed.emit();
  }

  toggle(id: string): void {
    const ids = new Set(this._ids);
    if (!ids.delete(id)) {
      ids.add(id);
    }
    this.set(ids);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _ids: ReadonlySet<string> = new Set();
}
