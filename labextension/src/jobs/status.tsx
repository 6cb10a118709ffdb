/** How many jobs run and wait, in the status bar; nothing where there are none. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { JSX } from 'react';

import { CommandIDs } from '../commands';
import { Mark } from '../job/marks';
import type { IJobList } from '../tokens';
import { aliveWords } from './groups';

export class JobsStatus extends ReactWidget {
  constructor(
    private readonly _list: IJobList,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('cube-Status');
    const watching = _list.watch();
    const draw = (): void => {
      this.update();
    };
    _list.changed.connect(draw);
    this.disposed.connect(() => {
      _list.changed.disconnect(draw);
      watching.dispose();
    });
  }

  protected override render(): JSX.Element | null {
    const { jobs, link } = this._list.now;
    const words = aliveWords(jobs, this._trans);
    if (words === '' || (link !== 'live' && link !== 'lost')) {
      return null;
    }
    const isLost = link === 'lost';
    const title = isLost ? this._trans.__('Jobs as last seen: not connected, retrying') : this._trans.__('Show jobs');
    const runs = jobs.some(({ state }) => state === 'RUNNING' || state === 'STOPPING');
    return (
      <button
        type="button"
        className="cube-Status-button"
        data-lost={isLost}
        title={title}
        aria-label={`${words}. ${title}`}
        onClick={() => void this._commands.execute(CommandIDs.showJobs)}
      >
        <Mark state={isLost ? 'UNKNOWN' : runs ? 'RUNNING' : 'WAITING'} />
        {words}
      </button>
    );
  }
}
