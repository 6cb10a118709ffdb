/** The sidebar: a tab for each of its panels. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { TabPanel, type Widget } from '@lumino/widgets';

import { cubeIcon } from '../icon';

const KEPT = 'jupyter-cube:tab'; // where the browser remembers the tab

export class Sidebar extends TabPanel {
  constructor(panels: readonly Widget[], trans: TranslationBundle) {
    super();
    this.id = 'jupyter-cube-sidebar';
    this.addClass('cube-Sidebar');
    this.title.icon = cubeIcon;
    this.title.caption = trans.__('Cube: Jobs and Market');
    this.tabBar.node.querySelector('[role=tablist]')?.setAttribute('aria-label', this.title.caption);
    for (const panel of panels) {
      this.addWidget(panel);
    }
    this.currentIndex = panels.length > remembered() ? remembered() : 0;
    this.currentChanged.connect((_, { currentIndex }) => {
      remember(currentIndex);
    });
  }
}

function remembered(): number {
  try {
    return Number(localStorage.getItem(KEPT) ?? 0);
  } catch {
    return 0; // a browser that keeps nothing
  }
}

function remember(tab: number): void {
  try {
    localStorage.setItem(KEPT, String(tab));
  } catch {
    // a browser that keeps nothing
  }
}
