import { register } from '../../workflows/manage/apply.ts';
import { defineCommand } from '../command.ts';
import { withConductor } from '../connect.ts';
import { loadWorkers, loadWorkflows, workflowSettings } from '../content.ts';

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command.option('--overwrite', 'also replace definitions that somebody changed on the server');
  },
  async run({ config, options, signal, print, note }) {
    const content = { tasks: await loadWorkers(config), workflows: await loadWorkflows() };
    const overwrite = options.overwrite === true;
    const changes = await withConductor(config, (conductor) =>
      register(conductor.withSignal(signal), content, workflowSettings(config), { overwrite }),
    );
    for (const change of changes) {
      const what = change.kind === 'workflow' ? `${change.name} v${change.version}` : change.name;
      print(`${change.action.padEnd(9)} ${change.kind.padEnd(8)} ${what}`);
      if (change.notice) note(change.notice);
    }
  },
});
