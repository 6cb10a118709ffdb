/** The commands that this extension adds; all of them are in the palette. */

export const CommandIDs = {
  /** Open the log of the job with the id `job`, at the place `cursor` where that is given. */
  openLog: 'jupyter-cube:open-log',
  /** Show the jobs in the sidebar. */
  showJobs: 'jupyter-cube:show-jobs',
  /** Show the market in the sidebar. */
  showMarket: 'jupyter-cube:show-market',
  /** Show the log of a job: `{job, cursor?, task?}`; without a job it asks for one. */
  openLog: 'jupyter-cube:open-log'
} as const;
