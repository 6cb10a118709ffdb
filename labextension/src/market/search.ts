/** Looking for items as somebody types. */

import { Debouncer } from '@lumino/polling';

import { Changing } from '../model';
import { refusal, type ApiError } from '../request';
import type { ICubeClient } from '../tokens';
import { entry, type IEntry, type Kind } from './item';
import { count, fields, list, texts } from './record';

const PAGE = 100; // items of one answer
const PAUSE = 150; // milliseconds without a key after which the server is asked

/** What is looked for. */
interface IWanted {
  readonly text: string;
  /** Null: any. */
  readonly kind: Kind | null;
  readonly tags: readonly string[];
  /** Empty: any. */
  readonly source: string;
}

/** What was found last. It stays while something newer is asked for, so that the list does not flicker. */
export interface IFound {
  readonly entries: readonly IEntry[];
  readonly total: number;
  /** Sources that could not be read, a line each. */
  readonly problems: readonly string[];
}

export const ANYTHING: IWanted = { text: '', kind: null, tags: [], source: '' };

export class Search extends Changing {
  constructor(private readonly _client: ICubeClient) {
    super();
  }

  get wanted(): IWanted {
    return this._wanted;
  }

  /** Null before the first answer. */
  get found(): IFound | null {
    return this._found;
  }

  /** Why the last question was not answered. */
  get fault(): ApiError | null {
    return this._fault;
  }

  get isAsking(): boolean {
    return this._isAsking;
  }

  override dispose(): void {
    this._pause.dispose();
    super.dispose();
  }

  /** Look for something else; after a short pause, where it is only another text. */
  want(changes: Partial<IWanted>): void {
    this._wanted = { ...this._wanted, ...changes };
    this._question += 1; // what is on its way answers another question
    this.tell();
    if (Object.keys(changes).every(name => name === 'text')) {
      void this._pause.invoke().catch(() => undefined); // rejects only when it is disposed of
    } else {
      void this.ask();
    }
  }

  /** Ask for the first page. */
  async ask(): Promise<void> {
    await this._ask(0);
  }

  /** Ask again, as others publish, too; not where more pages were asked for: the list would become shorter. */
  async renew(): Promise<void> {
    if (!this._isAsking && (this._found?.entries.length ?? 0) <= PAGE) {
      await this.ask();
    }
  }

  /** Ask for the next page. */
  async more(): Promise<void> {
    if (this._found !== null && !this._isAsking && this._found.entries.length < this._found.total) {
      await this._ask(this._found.entries.length);
    }
  }

  private async _ask(offset: number): Promise<void> {
    const question = ++this._question;
    this._isAsking = true;
    this.tell();
    const { text, kind, tags, source } = this._wanted;
    try {
      const query = { query: text, kind: kind ?? undefined, tags: tags.join(',') || undefined, source: source || undefined };
      const answer = fields(await this._client.get(['items'], { ...query, limit: PAGE, offset }));
      if (question === this._question) {
        const entries = list(answer['items']).map(entry);
        const before = offset === 0 ? [] : (this._found?.entries ?? []);
        this._found = {
          entries: together(before, entries),
          total: entries.length === 0 ? before.length : count(answer['total']),
          problems: texts(answer['problems'])
        };
        this._fault = null;
      }
    } catch (error) {
      if (question === this._question) {
        this._fault = refusal(error);
      }
    }
    if (question === this._question && !this.isDisposed) {
      this._isAsking = false;
      this.tell();
    }
  }

  private _fault: ApiError | null = null;
  private _found: IFound | null = null;
  private _isAsking = false;
  private readonly _pause = new Debouncer<void, void, []>(() => void this.ask(), PAUSE);
  private _question = 0;
  private _wanted = ANYTHING;
}

/** One after the other; what was published meanwhile has moved others to the next page, where they would be twice. */
function together(before: readonly IEntry[], after: readonly IEntry[]): readonly IEntry[] {
  return [...new Map([...before, ...after].map(one => [keyOf(one), one])).values()];
}

export function keyOf({ source, name }: IEntry): string {
  return `${source} ${name}`;
}
