/** The sidebar: a tab for each of its panels. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { TabPanel, type Widget } from '@lumino/widgets';

import { cubeIcon } from './icon';

export class Sidebar extends TabPanel {
  constructor(panels: readonly Widget[], trans: TranslationBundle) {
    super();
    this.id = 'jupyter-cube-sidebar';
    this.addClass('cube-Sidebar');
    this.title.icon = cubeIcon;
    this.title.caption = trans.__('Cube: jobs and market');
    for (const panel of panels) {
      this.addWidget(panel);
    }
  }
}
