/** The sign of this extension. */

import { LabIcon } from '@jupyterlab/ui-components';

const CUBE = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M12 2 21 7v10l-9 5-9-5V7l9-5zm0 2.3L6.1 7.6 12 10.8l5.9-3.2L12 4.3zM5 9.3v6.5l6
  3.4v-6.6L5 9.3zm14 0-6 3.3v6.6l6-3.4V9.3z"/>
</svg>`;

export const cubeIcon = new LabIcon({ name: 'jupyter-cube:cube', svgstr: CUBE });
