/** Notebooks without an application. */

import type { ICell } from '@jupyterlab/nbformat';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { INotebook, IPlace } from '../market/notebooks';

/** A notebook that is a list of texts. */
export class FakeNotebook extends Widget implements INotebook {
  constructor(
    path: string,
    readonly sources: string[],
    readOnly = false
  ) {
    super();
    this.id = path;
    this.context = { path, ready: Promise.resolve() };
    this.content = this._content(readOnly);
    Widget.attach(this, document.body);
  }

  readonly context: INotebook['context'];
  readonly selected: number[] = [];

  readonly content: INotebook['content'];

  private _content(readOnly: boolean): INotebook['content'] {
    const { selected, sources } = this;
    const content: INotebook['content'] = {
      activeCellIndex: 0,
      mode: 'edit',
      model: {
        readOnly,
        sharedModel: {
          get cells() {
            return sources.map(source => ({ getSource: (): string => source }));
          },
          insertCells: (index, cells: readonly ICell[]) => {
            sources.splice(index, 0, ...cells.map(({ source }) => String(source)));
          }
        }
      },
      deselectAll: () => {
        selected.length = 0;
      },
      extendContiguousSelectionTo: index => {
        selected.push(content.activeCellIndex, index);
      },
      scrollToItem: () => Promise.resolve()
    };
    return content;
  }
}

/** A shell with some widgets, and a server that keeps what is written. */
export class FakePlace implements IPlace {
  constructor(readonly open: Widget[] = []) {}

  readonly written: [string, unknown][] = [];
  readonly executed: [string, unknown][] = [];
  /** What was brought to the front last. */
  front: Widget | null = null;
  private readonly _currentChanged = new Signal<Widget, never>(new Widget());

  readonly shell = {
    activateById: (id: string): void => {
      this.front = this.open.find(one => one.id === id) ?? null;
    },
    currentChanged: this._currentChanged,
    widgets: (): IterableIterator<Widget> => this.open.values(),
    currentWidget: null as Widget | null
  } as unknown as IPlace['shell'];

  readonly commands = {
    execute: (command: string, args: unknown): Promise<unknown> => {
      this.executed.push([command, args]);
      return Promise.resolve();
    }
  } as IPlace['commands'];

  readonly services = {
    contents: {
      newUntitled: ({ path }: { path: string }): Promise<unknown> =>
        Promise.resolve({ path: `${path === '' ? '' : `${path}/`}Untitled.ipynb` }),
      save: (path: string, { content }: { content: unknown }): Promise<unknown> => {
        this.written.push([path, content]);
        return Promise.resolve();
      }
    },
    kernelspecs: {
      ready: Promise.resolve(),
      specs: { default: 'python3', kernelspecs: { python3: { display_name: 'Python 3', language: 'python' } } }
    }
  } as unknown as IPlace['services'];

  /** Something else comes to the front. */
  show(widget: Widget | null): void {
    (this.shell as { currentWidget: Widget | null }).currentWidget = widget;
    this._currentChanged.emit(undefined as never);
  }
}
