/** The market in the sidebar. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { createRef, type JSX } from 'react';

import type { ICubeClient } from '../tokens';
import { Market } from './market';
import { Notebooks, type IPlace } from './notebooks';
import { Panel } from './panel';
import { askTrust } from './trust';

export class MarketPanel extends ReactWidget {
  constructor(
    client: ICubeClient,
    private readonly _trans: TranslationBundle,
    private readonly _rendermime: IRenderMimeRegistry,
    place: IPlace
  ) {
    super();
    this.market = new Market(client, new Notebooks(place));
    this.title.label = _trans.__('Market');
    this.addClass('cube-Market');
  }

  readonly market: Market;

  override dispose(): void {
    if (!this.isDisposed) {
      this.market.dispose();
      super.dispose();
    }
  }

  /** Go to the search field, once it is drawn. */
  find(): void {
    this.market.show('list');
    requestAnimationFrame(() => {
      this._field.current?.focus();
      this._field.current?.select();
    });
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this.market.search.renew();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.market.search.renew();
  }

  protected override render(): JSX.Element {
    return (
      <Panel
        market={this.market}
        rendermime={this._rendermime}
        ask={item => askTrust(item, this._trans)}
        field={this._field}
        trans={this._trans}
      />
    );
  }

  private readonly _field = createRef<HTMLInputElement>();
}
