/** Which part of a log can be seen: it changes with every turn of the wheel, and few need to know. */

interface ISight {
  /** The first and the last cursor. */
  readonly top: number;
  readonly bottom: number;
}

/** Whoever listens is told once a frame. */
export class Sight {
  get now(): ISight {
    return this._now;
  }

  readonly set = (top: number, bottom: number): void => {
    if (top !== this._now.top || bottom !== this._now.bottom) {
      this._now = { top, bottom };
      this._frame ??= requestAnimationFrame(() => {
        this._frame = null;
        for (const told of this._told) {
          told();
        }
      });
    }
  };

  readonly listen = (told: () => void): (() => void) => {
    this._told.add(told);
    return () => {
      this._told.delete(told);
    };
  };

  private _frame: number | null = null;
  private _now: ISight = { top: 0, bottom: 0 };
  private readonly _told = new Set<() => void>();
}
