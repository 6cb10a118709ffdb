/** A tab with the log of one job. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { JSX } from 'react';

import { cubeIcon } from '../icon';
import type { ICubeClient } from '../tokens';
import { LogModel } from './model';
import { LogView } from './view';

/** It asks the server while it can be seen. */
export class LogWidget extends ReactWidget {
  constructor(
    client: ICubeClient,
    job: string,
    cursor: number | null,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.model = new LogModel(job, client, cursor);
    this.id = `jupyter-cube-log-${job}`;
    this.addClass('cube-Log-widget');
    this.title.icon = cubeIcon;
    this.title.closable = true;
    this.title.label = _trans.__('Log');
    this.title.caption = _trans.__('Log of job %1', job);
    this.model.changed.connect(() => {
      const { job: about } = this.model.now;
      if (about !== null) {
        this.title.label = about.name;
        this.title.caption = _trans.__('Log of %1, job %2', about.name, about.id);
      }
    });
  }

  readonly model: LogModel;

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.dispose();
      super.dispose();
    }
  }

  protected override render(): JSX.Element {
    return <LogView model={this.model} trans={this._trans} />;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.model.start();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.model.start();
    }
  }

  protected override onBeforeHide(message: Message): void {
    this.model.stop();
    super.onBeforeHide(message);
  }

  protected override onBeforeDetach(message: Message): void {
    this.model.stop();
    super.onBeforeDetach(message);
  }

  /** Who closes the tab does not come back to it. */
  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    // a new tab is activated before it is drawn
    void (this.renderPromise ?? Promise.resolve()).then(() => {
      this.node.querySelector<HTMLElement>('.cube-Log-lines')?.focus();
    });
  }
}
