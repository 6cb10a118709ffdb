/** The jobs that have not ended as a section of Jupyter's list of what runs. */

import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import { stopIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import type { JSX } from 'react';

import { CommandIDs } from '../commands';
import { cubeIcon } from '../icon';
import { clock, moment } from '../job/model';
import { canStop, hasEnded, type IListed } from '../listed';
import { stateWord } from '../states';
import type { IJobList } from '../tokens';
import { ORDERS } from './commands';

export class RunningJobs implements IRunningSessions.IManager {
  constructor(
    private readonly _list: IJobList,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    this.name = _trans.__('Jobs');
    this.shutdownLabel = _trans.__('Stop');
    this.shutdownAllLabel = _trans.__('Stop All');
    this.shutdownItemIcon = stopIcon;
    _list.watch();
    let before = '';
    _list.changed.connect(() => {
      const now = this._alive.map(({ id, state }) => `${id} ${state}`).join();
      if (now !== before) {
        before = now;
        this.runningChanged.emit();
      }
    });
  }

  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownItemIcon;
  readonly runningChanged = new Signal<this, void>(this);

  running(): IRunningSessions.IRunningItem[] {
    return this._alive.map(job => ({
      icon: (): LabIcon => cubeIcon,
      label: (): JSX.Element => <bdi>{job.name}</bdi>,
      labelTitle: (): string => this._title(job),
      detail: (): string => stateWord(job.state, this._trans),
      open: (): void => {
        const known = this._commands.hasCommand(CommandIDs.openLog);
        void this._commands.execute(known ? CommandIDs.openLog : CommandIDs.showJobs, { job: job.id });
      },
      ...(canStop(job) && {
        shutdown: (): void => {
          this._stop([job]);
        }
      })
    }));
  }

  shutdownAll(): void {
    this._stop(this._alive.filter(canStop), true);
  }

  readonly shutdownAllConfirmationText = (): string =>
    this._trans.__('Stop all %1 jobs?', this._alive.filter(canStop).length);

  refreshRunning(): void {
    // it is always up to date
  }

  private get _alive(): readonly IListed[] {
    return this._list.now.jobs.filter(job => !hasEnded(job)).sort((one, other) => other.created - one.created);
  }

  private _title(job: IListed): string {
    const since = job.started === 0 ? job.created : job.started;
    const { ahead } = this._list.now;
    const time = moment(since - ahead, new Date());
    const ran = clock(Date.now() / 1000 + ahead - since);
    return this._trans.__('%1, %2 for %3, since %4', job.name, stateWord(job.state, this._trans), ran, time);
  }

  private _stop(jobs: readonly IListed[], isConfirmed = false): void {
    void this._commands.execute(ORDERS.stop, { jobs: jobs.map(({ id }) => id), confirmed: isConfirmed });
  }
}
