/** The commands that this extension adds; all of them are in the palette. */

export const CommandIDs = {
  /** Show the jobs in the sidebar. */
  showJobs: 'jupyter-cube:show-jobs',
  /** Show the market in the sidebar. */
  showMarket: 'jupyter-cube:show-market',
  /** Show the log of a job: `{job, cursor?, task?}`; without a job it asks for one. */
  openLog: 'jupyter-cube:open-log',
  /** Ask jobs to end: `{jobs: [ID, ...]}`; without them those that are picked in the list. */
  stopJobs: 'jupyter-cube:stop-jobs',
  /** Run jobs again that have failed; the same arguments. */
  retryJobs: 'jupyter-cube:retry-jobs',
  /** Delete jobs that have ended, with all their files; the same arguments. */
  deleteJobs: 'jupyter-cube:delete-jobs',
  /** Show the settings of this extension. */
  openSettings: 'jupyter-cube:open-settings',
  /** Show the market and go to its search field. */
  searchMarket: 'jupyter-cube:search-market',
  /** Make a dataset of an address or a path. */
  newDataset: 'jupyter-cube:new-dataset',
  /** Fetch again the items of sources that lie elsewhere. */
  refreshSources: 'jupyter-cube:refresh-sources'
} as const;
