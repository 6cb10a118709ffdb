/** What the market shows: the list or one item, with the values that somebody has filled in. */


import { Changing } from '../model';
import { refusal, type ApiError } from '../request';
import type { ICubeClient } from '../tokens';
import { faults, given, presets, variables, type Fault } from './form';
import { item, nameOf, type IItem } from './item';
import type { Notebooks } from './notebooks';
import { fields, text, type Fields } from './record';
import { keyOf, Search } from './search';

const MOST = 100; // required items that are looked at before one is used

/** What is in front; `refresh` are the sources, which fetch again. */
export type View =
  | { readonly to: 'list' | 'dataset' | 'import' | 'sources' | 'refresh' }
  | { readonly to: 'item'; readonly name: string };

/** What came of the last `use`. */
export type Outcome =
  | { readonly is: 'cell' | 'copy'; readonly path: string }
  | { readonly is: 'declined'; readonly name: string }
  | { readonly is: 'refused'; readonly message: string };

/** Whether a person allows an item of somebody else to run. */
export type Ask = (item: IItem) => Promise<boolean>;

export class Market extends Changing {
  constructor(
    readonly client: ICubeClient,
    readonly notebooks: Notebooks
  ) {
    super();
    this.search = new Search(client);
    notebooks.changed.connect(() => {
      this.tell();
    });
  }

  readonly search: Search;

  get view(): View {
    return this._views.at(-1) ?? LIST;
  }

  /** The item that is in front; null while it is asked for. */
  get item(): IItem | null {
    return this._item;
  }

  /** Why the item could not be read. */
  get fault(): ApiError | null {
    return this._fault;
  }

  get isUsing(): boolean {
    return this._isUsing;
  }

  get outcome(): Outcome | null {
    return this._outcome;
  }

  override dispose(): void {
    this.search.dispose();
    this.notebooks.dispose();
    super.dispose();
  }

  /** What is filled in for the item in front. */
  get values(): Fields {
    const found = this._item;
    return found === null ? {} : { ...presets(variables(found.form)), ...this._values.get(keyOf(found)) };
  }

  /** What is wrong with that. Nobody is told that something is missing before it was wanted. */
  get faults(): ReadonlyMap<string, Fault> {
    const found = faults(variables(this._item?.form ?? {}), this.values);
    return new Map([...found].filter(([, { why }]) => this._isWanted || why !== 'missing'));
  }

  fill(values: Fields): void {
    if (this._item !== null) {
      this._values.set(keyOf(this._item), values);
      this._outcome = null;
      this.tell();
    }
  }

  show(to: Exclude<View['to'], 'item'>): void {
    this._go(to === 'list' ? [] : [...this._views.filter(view => view.to !== to), { to }]);
  }

  /** Show an item, by what a person or another item calls it. */
  async open(name: string, values?: Fields): Promise<void> {
    this._go([...this._views, { to: 'item', name }]);
    await this._load();
    if (values !== undefined && this._item !== null) {
      this.fill({ ...this.values, ...values });
    }
  }

  /** Another version of the item in front. */
  async pick(version: string): Promise<void> {
    if (this._item !== null) {
      const name = nameOf({ ...this._item, version });
      this._go([...this._views.slice(0, -1), { to: 'item', name }], true);
      await this._load();
    }
  }

  /** Show an item that was made just now, in place of the form that it was made with. */
  async published(name: string): Promise<void> {
    void this.search.ask();
    this._views = this._views.slice(0, -1);
    await this.open(name);
  }

  /** What was in front before. */
  async back(): Promise<void> {
    this._go(this._views.slice(0, -1));
    await (this.view.to === 'item' ? this._load() : this.search.renew());
  }

  /** Ask for the item in front again. */
  async again(): Promise<void> {
    this._fault = null;
    this.tell();
    await this._load();
  }

  /** Use the item in front with what is filled in; what is not allowed yet is asked for first. */
  async use(ask: Ask): Promise<void> {
    const found = this._item;
    if (found === null || this._isUsing) {
      return;
    }
    this._isWanted = true;
    this._outcome = null;
    if (this.faults.size === 0) {
      const values = given(variables(found.form), this.values);
      this._isUsing = true;
      this.tell();
      const view = this.view;
      const outcome = await this._use(nameOf(found), values, ask);
      this._outcome = view === this.view ? outcome : null;
      this._isUsing = false;
    }
    this.tell();
  }

  /** Allow nothing of the item in front any more. */
  async withdraw(): Promise<void> {
    const found = this._item;
    if (found !== null) {
      this._outcome = null;
      try {
        const name = found.source.includes('://') ? found.source : `${found.source}/${found.name}`;
        await this.client.post(['item', 'trust', 'withdraw'], { name });
      } catch (error) {
        this._outcome = { is: 'refused', message: refusal(error).message };
      }
      await this._load();
    }
  }

  private async _use(name: string, values: Fields, ask: Ask): Promise<Outcome> {
    try {
      const declined = await this._declined(name, ask);
      if (declined !== null) {
        return { is: 'declined', name: declined };
      }
      const answer = await this.client.post(['item', 'use'], { name, values, folder: this.notebooks.folder });
      const ready = fields(answer);
      if (text(ready['path']) !== '') {
        await this.notebooks.open(text(ready['path']));
        return { is: 'copy', path: text(ready['path']) };
      }
      return { is: 'cell', path: await this.notebooks.insert(text(ready['cell'])) };
    } catch (error) {
      return { is: 'refused', message: error instanceof Error ? error.message : String(error) };
    }
  }

  /** The item, or one that it requires, that was not allowed; null: all are. */
  private async _declined(name: string, ask: Ask): Promise<string | null> {
    const names = new Set([name]); // a set is gone through with what is added meanwhile
    for (const one of names) {
      const found = await this._get(one).catch((error: unknown) => {
        if (one === name) {
          throw error;
        }
        return null; // one that is not there is said when the job is submitted
      });
      if (found === null) {
        continue;
      }
      if (!found.isTrusted) {
        if (!(await ask(found))) {
          return `${found.name}@${found.version}`;
        }
        await this.client.post(['item', 'trust'], { name: nameOf(found), digest: found.digest });
        await this._load();
      }
      for (const { name: next } of found.requires) {
        if (names.size < MOST) {
          names.add(next);
        }
      }
    }
    return null;
  }

  private _go(views: readonly View[], isSame = false): void {
    this._views = views;
    this._outcome = null;
    this._fault = null;
    if (!isSame) {
      this._item = null;
      this._isWanted = false;
    }
    this.tell();
  }

  private async _load(): Promise<void> {
    const view = this.view;
    if (view.to !== 'item') {
      return;
    }
    let found: IItem | null = null;
    let fault: ApiError | null = null;
    try {
      found = await this._get(view.name);
    } catch (error) {
      fault = refusal(error);
    }
    if (view === this.view && !this.isDisposed) {
      this._item = found;
      this._fault = fault;
      this.tell();
    } // else somebody looks at something else by now
  }

  private async _get(name: string): Promise<IItem> {
    return item(await this.client.get(['item'], { name }));
  }

  private _fault: ApiError | null = null;
  private _isUsing = false;
  private _isWanted = false;
  private _item: IItem | null = null;
  private _outcome: Outcome | null = null;
  private readonly _values = new Map<string, Fields>();
  private _views: readonly View[] = [];
}

const LIST: View = { to: 'list' };
