/** What the views want of a browser and jsdom has not. */

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

/** Nothing changes its size. */
class Sized {
  observe(): void {
    // it stays as it is
  }

  unobserve(): void {
    // nor then
  }

  disconnect(): void {
    // nor then
  }
}

Object.defineProperty(globalThis, 'ResizeObserver', { value: Sized });

/** It is light. */
const light = (): unknown => ({ matches: false, addListener: (): void => undefined });

Object.defineProperty(globalThis, 'matchMedia', { value: light });
Object.defineProperty(globalThis, 'requestIdleCallback', { value: (call: () => void): unknown => setTimeout(call, 0) });
