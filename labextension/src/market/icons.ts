/** A sign for each kind of item. */

import { LabIcon } from '@jupyterlab/ui-components';

import type { Kind } from './item';

function icon(name: string, path: string): LabIcon {
  const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><path class="jp-icon3" fill="none" stroke="#616161" stroke-width="1.3" stroke-linejoin="round" stroke-linecap="round" d="${path}"/></svg>`;
  // strokes take the theme's colour by this class, fills stay empty
  return new LabIcon({ name: `jupyter-cube:${name}`, svgstr: svgstr.replace('jp-icon3', 'jp-icon-selectable') });
}

export const kindIcons: Readonly<Record<Kind, LabIcon>> = {
  // a table
  dataset: icon('dataset', 'M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.5 3v10'),
  // a plug
  prerequisite: icon('prerequisite', 'M5.5 2v3.5M10.5 2v3.5M3.5 5.5h9v2.2a4.5 4.5 0 0 1-9 0zM8 12.2V14.5'),
  // a start
  job: icon('job', 'M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM6.5 5.4v5.2L10.8 8z'),
  // a notebook
  notebook: icon('notebook', 'M3.5 1.8h9v12.4h-9zM6 1.8v12.4M8.4 5h2M8.4 7.6h2'),
  // a disk
  storage: icon('storage', 'M2.5 4c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2-2.5 2-5.5 2-5.5-.8-5.5-2zM2.5 4v8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2V4M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2')
};

/** For what cannot be read. */
export const unknownIcon = icon('unknown-item', 'M3.5 1.8h9v12.4h-9zM8 5v4M8 11v.2');
