/** What Lumino wants of a browser and jsdom has not. */

Object.defineProperty(globalThis, 'DragEvent', { value: class extends MouseEvent {} });
