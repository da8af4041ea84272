import { Argument } from 'commander';
import { FleetError } from '../../core/errors.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { newWorker } from '../new/new-worker.ts';
import { newWorkflow, printTemplates } from '../new/new-workflow.ts';

export default defineCommand({
  groups: [],
  configure(command) {
    command
      .addArgument(new Argument('<kind>', 'What to write.').choices(['worker', 'workflow']))
      .argument('[name]', 'Name of the task type, e.g. charge_card, or of the workflow, e.g. OrderReport.')
      .option(
        '--tasks-dir <folder>',
        'Folder for the worker. Default: workers/tasks/ in this checkout, else in the current folder. [TASKS_DIR]',
      )
      .option(
        '--workflows-dir <folder>',
        'Folder whose subfolder definitions/ gets the workflow. Default: workflows/ in this checkout, else in the current folder. [WORKFLOWS_DIR]',
      )
      .option(
        '--template <name>',
        'workflow: template to start from (default: "sequential"). --list shows all templates.',
      )
      .option('--list', 'workflow: list the templates and write nothing.')
      .option('--json', 'With --list: print JSON.')
      .addHelpText('after', HELP);
  },
  run: (context) => (context.args[0] === 'worker' ? worker(context) : workflow(context)),
});

const HELP = `
worker:   writes a task with its worker, and a test that needs no server.
workflow: writes a definition that runs without changes, and its scenarios. Some templates add a schedule or an event handler.
The command never overwrites a file.

Examples:
  fleet new worker send_invoice
  fleet new workflow --list
  fleet new workflow OrderReport --template scheduled`;

async function worker(context: CommandContext): Promise<void> {
  const { template, list, json } = context.options;
  if (template !== undefined || list !== undefined || json !== undefined) {
    throw new FleetError('input', '--template, --list and --json are only for workflows.', {
      remedy: 'Leave them out, or write `fleet new workflow`.',
    });
  }
  await newWorker(context, nameOf(context, 'fleet new worker charge_card'));
}

async function workflow(context: CommandContext): Promise<void> {
  const { template, list, json } = context.options;
  if (list === true) return printTemplates(context, json === true);
  const name = nameOf(context, 'fleet new workflow OrderReport');
  await newWorkflow(context, name, typeof template === 'string' ? template : 'sequential');
}

function nameOf({ args }: CommandContext, example: string): string {
  const name = args[1];
  if (name !== undefined) return name;
  throw new FleetError('input', 'The name is missing.', { remedy: `Write it like this: ${example}` });
}
