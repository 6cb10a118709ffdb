/** What the cards want of a browser and jsdom has not. */

Object.defineProperty(globalThis, 'DragEvent', { value: class extends MouseEvent {} });

/** Everything that is observed can be seen. */
class Seen {
  constructor(private readonly _callback: IntersectionObserverCallback) {}

  observe(): void {
    this._callback([{ isIntersecting: true } as IntersectionObserverEntry], this as unknown as IntersectionObserver);
  }

  disconnect(): void {
    // nobody looks any more
  }
}

Object.defineProperty(globalThis, 'IntersectionObserver', { value: Seen });
