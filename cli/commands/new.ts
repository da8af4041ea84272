import { Argument } from 'commander';
import { FleetError } from '../../core/errors.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { newWorker } from '../new/new-worker.ts';
import { listed, newWorkflow } from '../new/new-workflow.ts';

export default defineCommand({
  groups: [],
  configure(command) {
    command
      .addArgument(new Argument('<kind>', 'what to write').choices(['worker', 'workflow']))
      .argument('[name]', 'of the task type: charge_card, or of the workflow: OrderReport')
      .option(
        '--tasks-dir <folder>',
        'where to write a worker [TASKS_DIR]; default: workers/tasks/ of this checkout, or of the folder you are in',
      )
      .option(
        '--workflows-dir <folder>',
        'where to write a workflow, in definitions/ below it [WORKFLOWS_DIR]; default: workflows/ of this checkout, or of the folder you are in',
      )
      .option('--template <name>', 'which workflow to begin with; --list shows them (default: sequential)')
      .option('--list', 'show the templates for workflows and write nothing')
      .option('--json', 'with --list: as JSON')
      .addHelpText('after', HELP);
  },
  run: (context) => (context.args[0] === 'worker' ? worker(context) : workflow(context)),
});

const HELP = `
worker:   a task with its worker, and a test that runs it without a server.
workflow: a definition that runs as it is, its dry runs, and, where the template has one, its schedule or event handler.
Nothing is overwritten.

  fleet new worker send_invoice
  fleet new workflow --list
  fleet new workflow OrderReport --template scheduled`;

async function worker(context: CommandContext): Promise<void> {
  const { template, list, json } = context.options;
  if (template !== undefined || list !== undefined || json !== undefined) {
    throw new FleetError('input', '--template, --list and --json are for workflows.', {
      remedy: 'See `fleet new --help`.',
    });
  }
  await newWorker(context, nameOf(context, 'fleet new worker charge_card'));
}

async function workflow(context: CommandContext): Promise<void> {
  const { template, list, json } = context.options;
  if (list === true) return listed(context, json === true);
  const name = nameOf(context, 'fleet new workflow OrderReport');
  await newWorkflow(context, name, typeof template === 'string' ? template : 'sequential');
}

function nameOf({ args }: CommandContext, example: string): string {
  const name = args[1];
  if (name !== undefined) return name;
  throw new FleetError('input', 'A name is missing.', { remedy: `Write it like \`${example}\`.` });
}
