/** What views show: it says when it is another. Models touch no page. */

import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

export class Changing implements IDisposable {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Tell whoever shows it. */
  protected tell(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}

/** One frozen value at a time. */
export class Model<State> extends Changing {
  constructor(first: State) {
    super();
    this._now = first;
  }

  get now(): State {
    return this._now;
  }

  protected set(changes: Partial<State>): void {
    if (!this.isDisposed) {
      this._now = { ...this._now, ...changes };
      this.tell();
    }
  }

  private _now: State;
}
