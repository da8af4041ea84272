import { register } from '../../workflows/manage/apply.ts';
import { defineCommand } from '../command.ts';
import { connectConductor } from '../connect.ts';
import { loadWorkers, loadWorkflows, workflowSettings } from '../content.ts';

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command.option('--overwrite', 'also replace definitions that somebody changed on the server');
  },
  async run({ config, options, print, note }) {
    const conductor = await connectConductor(config);
    const content = { tasks: await loadWorkers(), workflows: await loadWorkflows() };
    const changes = await register(conductor, content, workflowSettings(config), {
      overwrite: options.overwrite === true,
    });
    for (const change of changes) {
      const what = change.kind === 'workflow' ? `${change.name} v${change.version}` : change.name;
      print(`${change.action.padEnd(9)} ${change.kind.padEnd(8)} ${what}`);
      if (change.notice) note(change.notice);
    }
    conductor.close();
  },
});
