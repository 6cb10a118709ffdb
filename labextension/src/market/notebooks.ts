/** Where a ready cell goes: into the notebook that a person works in, or into a new one. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import type { ICell, ICodeCell } from '@jupyterlab/nbformat';
import type { ServiceManager } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';
import type { Widget } from '@lumino/widgets';

import { Changing } from '../model';

/** What is needed of a notebook's widget, in JupyterLab and in Notebook 7. */
export interface INotebook extends Widget {
  readonly context: { readonly path: string; readonly ready: Promise<void> };
  readonly content: {
    readonly model: { readonly readOnly: boolean; readonly sharedModel: ICells } | null;
    activeCellIndex: number;
    mode: 'command' | 'edit';
    deselectAll(): void;
    extendContiguousSelectionTo(index: number): void;
    scrollToItem(index: number): Promise<void>;
  };
}

interface ICells {
  readonly cells: readonly { getSource(): string }[];
  insertCells(index: number, cells: readonly ICell[]): unknown;
}

/** What of the application is needed. */
export interface IPlace {
  readonly shell: Pick<JupyterFrontEnd.IShell, 'activateById' | 'currentChanged' | 'currentWidget' | 'widgets'>;
  readonly commands: Pick<CommandRegistry, 'execute'>;
  readonly services: Pick<ServiceManager.IManager, 'contents' | 'kernelspecs'>;
}

const LOAD = '%load_ext jupyter_cube';
const LOADS = /^\s*%(re)?load_ext\s+jupyter_cube\b/m;

/** It has changed when another notebook is the current one. */
export class Notebooks extends Changing {
  constructor(private readonly _place: IPlace) {
    super();
    this._remember();
    _place.shell.currentChanged?.connect(this._look);
  }

  /** The notebook that is in front, else the one that was last, else any that is open. */
  get current(): INotebook | null {
    this._remember();
    return this._last;
  }

  override dispose(): void {
    this._place.shell.currentChanged?.disconnect(this._look);
    super.dispose();
  }

  /** The folder of the current notebook; empty: the server's root folder, or none is open. */
  get folder(): string {
    return PathExt.dirname(this.current?.context.path ?? '');
  }

  /**
   * Put a cell below the active one of the current notebook, or into a new notebook, and select it; nothing is run. A
   * notebook that does not load the extension gets a cell for that, too, selected with it: both run together.
   *
   * @returns the path of the notebook.
   */
  async insert(source: string): Promise<string> {
    const notebook = this.current;
    if (notebook === null) {
      return this._make([LOAD, source]);
    }
    await notebook.context.ready;
    const { content, context } = notebook;
    const model = content.model;
    if (model === null || model.readOnly) {
      return this._make([LOAD, source]);
    }
    const isLoaded = model.sharedModel.cells.some(one => LOADS.test(one.getSource()));
    const made = [...(isLoaded ? [] : [LOAD]), source].map(cell);
    const first = Math.min(content.activeCellIndex + 1, model.sharedModel.cells.length);
    const last = first + made.length - 1;
    model.sharedModel.insertCells(first, made);
    this._place.shell.activateById(notebook.id);
    content.mode = 'command';
    content.deselectAll();
    content.activeCellIndex = first;
    if (last > first) {
      content.extendContiguousSelectionTo(last);
    }
    await content.scrollToItem(last);
    return context.path;
  }

  /** Open a notebook by its path below the server's root folder. */
  async open(path: string): Promise<void> {
    await this._place.commands.execute('docmanager:open', { path });
  }

  /** The file is written first, so that its cells are there wherever it opens: Notebook 7 opens another page. */
  private async _make(sources: readonly string[]): Promise<string> {
    const { contents, kernelspecs } = this._place.services;
    const { path } = await contents.newUntitled({ type: 'notebook', path: this.folder });
    await kernelspecs.ready;
    const name = kernelspecs.specs?.default ?? '';
    const spec = kernelspecs.specs?.kernelspecs[name];
    const metadata =
      spec === undefined
        ? {}
        : { kernelspec: { name, display_name: spec.display_name, language: spec.language } };
    const content = { nbformat: 4, nbformat_minor: 5, metadata, cells: sources.map(cell) };
    await contents.save(path, { type: 'notebook', format: 'json', content });
    await this.open(path);
    return path;
  }

  private readonly _look = (): void => {
    const before = this._last;
    this._remember();
    if (this._last !== before) {
      this.tell();
    }
  };

  /** It tells nobody: views ask for the current notebook while they are drawn. */
  private _remember(): void {
    const { currentWidget } = this._place.shell;
    if (isNotebook(currentWidget)) {
      this._last = currentWidget;
    } else if (this._last?.isAttached !== true) {
      this._last = [...this._place.shell.widgets('main')].find(isNotebook) ?? null;
    }
  }

  private _last: INotebook | null = null;
}

function isNotebook(widget: Widget | null): widget is INotebook {
  const { content, context } = (widget ?? {}) as Partial<INotebook>;
  return typeof content?.activeCellIndex === 'number' && typeof context?.path === 'string';
}

function cell(source: string): ICodeCell {
  return { cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null };
}
