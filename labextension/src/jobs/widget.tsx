/** The jobs in the sidebar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { JSX } from 'react';

import type { ICubeClient } from '../tokens';

export class JobsPanel extends ReactWidget {
  constructor(
    private readonly _client: ICubeClient,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.title.label = _trans.__('Jobs');
    this.addClass('cube-Jobs');
  }

  protected override render(): JSX.Element {
    return <p>{this._trans.__('Jobs of %1', this._client.url(['jobs']))}</p>;
  }
}
