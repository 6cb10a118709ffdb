/** The commands that this extension adds; all of them are in the palette. */

export const CommandIDs = {
  /** Show the jobs in the sidebar. */
  showJobs: 'jupyter-cube:show-jobs',
  /** Show the market in the sidebar. */
  showMarket: 'jupyter-cube:show-market',
  /** Show the market and go to its search field. */
  searchMarket: 'jupyter-cube:search-market',
  /** Make a dataset of an address or a path. */
  newDataset: 'jupyter-cube:new-dataset',
  /** Fetch again the items of sources that lie elsewhere. */
  refreshSources: 'jupyter-cube:refresh-sources'
} as const;
