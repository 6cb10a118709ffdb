/** The market in the sidebar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { JSX } from 'react';

import type { ICubeClient } from '../tokens';

export class MarketPanel extends ReactWidget {
  constructor(
    private readonly _client: ICubeClient,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.title.label = _trans.__('Market');
    this.addClass('cube-Market');
  }

  protected override render(): JSX.Element {
    return <p>{this._trans.__('Items of %1', this._client.url(['items']))}</p>;
  }
}
