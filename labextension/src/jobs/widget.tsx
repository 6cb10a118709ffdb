/** The jobs in the sidebar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import type { JSX } from 'react';

import type { ICubeClient, IJobList } from '../tokens';
import { Panel } from './panel';
import type { Picked } from './picked';

interface IJobsOptions {
  readonly list: IJobList;
  readonly picked: Picked;
  readonly client: ICubeClient;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

/** It needs the jobs while it is shown. */
export class JobsPanel extends ReactWidget {
  constructor(private readonly _options: IJobsOptions) {
    super();
    this.title.label = _options.trans.__('Jobs');
    this.addClass('cube-Jobs');
    _options.list.changed.connect(this._draw);
    _options.picked.changed.connect(this._draw);
  }

  override dispose(): void {
    this._watching?.dispose();
    this._options.list.changed.disconnect(this._draw);
    this._options.picked.changed.disconnect(this._draw);
    super.dispose();
  }

  /** Who asks for the jobs goes on there. */
  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('input, button')?.focus();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._see();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._see();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._see();
  }

  protected override onBeforeDetach(message: Message): void {
    this._watching?.dispose();
    this._watching = null;
    super.onBeforeDetach(message);
  }

  protected override render(): JSX.Element {
    return <Panel isShown={this.isVisible} {...this._options} />;
  }

  private _see(): void {
    if (this.isVisible) {
      this._watching ??= this._options.list.watch();
    } else {
      this._watching?.dispose();
      this._watching = null;
    }
    this.update();
  }

  private readonly _draw = (): void => {
    if (this.isVisible) {
      this.update();
    }
  };

  private _watching: IDisposable | null = null;
}
