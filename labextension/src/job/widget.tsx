/** The output of a cell that shows a job: the stored record, and where the server answers, how the job is now. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { CubeSettings, type ICubeSettings } from '../settings';
import type { ICubeClient } from '../tokens';
import { Output } from './card';
import { copyError } from './error';
import { MIME } from './job';
import { LiveJob, NOTHING } from './live';
import { isOutdated, parse, type Parsed } from './model';
import type { IActions } from './orders';

/** Other places of the page that a card leads to, with the job's id. Null where there is none. */
export interface IDoors {
  readonly log: ((job: string, cursor: number | null) => void) | null;
  /** Runs a command in a terminal. */
  readonly terminal: ((command: string) => void) | null;
  /** Of all who have the card's document open, this page is the one that writes into it. */
  readonly isWriter: (card: Node) => boolean;
}

const ALONE: IDoors = { log: null, terminal: null, isWriter: () => true };
const FRESH = 5; // seconds for which a record is news: of its job the first lines are awaited
const GLANCE = 150; // milliseconds that an older card is in sight before it asks: whoever scrolls past does not wait for it
const TURN = 5000; // milliseconds after which another page writes what the writer has not written

/** A card of one output; each new record of the output is drawn into it. It asks the server while it can be seen. */
export class JobCard extends Widget implements IRenderMime.IRenderer {
  constructor(
    { translator }: Pick<IRenderMime.IRendererOptions, 'translator'>,
    private readonly _client: ICubeClient,
    private readonly _doors = ALONE,
    private readonly _settings: ICubeSettings = new CubeSettings()
  ) {
    super();
    _settings.changed.connect(this._again);
    this.addClass('cube-Output');
    this._trans = (translator ?? nullTranslator).load('jupyter_cube');
  }

  /** Draw the record at once: an output that grew later would push the notebook about. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    const parsed = parse(model.data[MIME]);
    const id = parsed.kind === 'job' ? parsed.job.id : null;
    if (id !== (this._live?.id ?? null)) {
      this._live?.dispose();
      this._live = id === null ? null : new LiveJob(id, this._client);
      this._live?.changed.connect(() => {
        this._draw();
        this._store();
      });
      this._isSeen ||= isFresh(parsed); // a cell that has just run: it does not wait for the word that it is in sight
      this._watch();
    }
    flushSync(() => {
      this._draw();
    });
    return Promise.resolve();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._seen.disconnect();
      this._settings.changed.disconnect(this._again);
      this._live?.dispose();
      clearTimeout(this._passing);
      clearTimeout(this._turn);
      this._root.unmount();
      super.dispose();
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._seen.observe(this.node);
  }

  protected override onBeforeDetach(message: Message): void {
    this._seen.disconnect();
    clearTimeout(this._passing);
    this._isSeen = false;
    this._watch();
    super.onBeforeDetach(message);
  }

  private _watch(): void {
    if (this._isSeen) {
      this._live?.start();
    } else {
      this._live?.stop();
    }
    this._draw(); // an opened log asks no more, or again
  }

  private _draw(): void {
    if (this._model === null || this.isDisposed) {
      return;
    }
    const plain = this._model.data['text/plain'];
    this._root.render(
      <Output
        record={this._model.data[MIME]}
        text={typeof plain === 'string' ? plain : ''}
        client={this._client}
        lines={this._settings.now.lines}
        live={this._live?.now ?? NOTHING}
        isSeen={this._isSeen}
        actions={this._actions}
        trans={this._trans}
      />
    );
  }

  /**
   * What the notebook keeps must tell of the end, too, where no kernel has written it. Two pages that wrote at once
   * would make two outputs of one.
   */
  private _store(): void {
    clearTimeout(this._turn);
    if (this._doors.isWriter(this.node)) {
      this._write();
    } else {
      this._turn = setTimeout(() => {
        this._write();
      }, TURN);
    }
  }

  private _write(): void {
    const { link, output } = this._live?.now ?? NOTHING;
    if (this._model === null || this.isDisposed || link !== 'live' || output === null) {
      return;
    }
    const stored = parse(this._model.data[MIME]);
    const now = parse(output[MIME]);
    if (stored.kind === 'job' && now.kind === 'job' && isOutdated(stored.job, now.job)) {
      this._model.setData({ data: { ...this._model.data, ...output } });
    }
  }

  private get _actions(): IActions {
    const live = this._live;
    const { log, terminal } = this._doors;
    const id = live?.id ?? '';
    return {
      order: what => void live?.order(what),
      ask: () => void live?.ask(),
      copyError: async () => await copyError(this._client, live?.now.output ?? null, this._trans),
      openLog:
        log === null
          ? null
          : (cursor): void => {
              log(id, cursor);
            },
      openTerminal:
        terminal === null
          ? null
          : (): void => {
              // only what the server has just told is run: what an output has stored may be of anybody's making
              const told = parse(live?.now.output?.[MIME]);
              if (told.kind === 'job' && told.job.enter !== '') {
                terminal(told.job.enter);
              }
            }
    };
  }

  private readonly _again = (): void => {
    this._draw();
  };
  private _isSeen = false;
  private _live: LiveJob | null = null;
  private _model: IRenderMime.IMimeModel | null = null;
  private readonly _root = createRoot(this.node);
  private readonly _seen = new IntersectionObserver(entries => {
    clearTimeout(this._passing);
    this._isSeen = entries.at(-1)?.isIntersecting ?? false;
    if (this._isSeen && !isFresh(parse(this._model?.data[MIME]))) {
      this._passing = setTimeout(() => {
        this._watch();
      }, GLANCE);
    } else {
      this._watch();
    }
  });
  private _passing: ReturnType<typeof setTimeout> | undefined;
  private _turn: ReturnType<typeof setTimeout> | undefined;
  private readonly _trans: TranslationBundle;
}

function isFresh(parsed: Parsed): boolean {
  return parsed.kind === 'job' && Math.abs(Date.now() / 1000 - parsed.job.asOf) <= FRESH;
}
