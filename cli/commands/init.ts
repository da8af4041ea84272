import { defineCommand } from '../define-command.ts';
import { writeProject } from '../new/new-project.ts';

export default defineCommand({
  groups: [],
  configure(command) {
    command.argument('[folder]', 'A new or empty folder. Default: the current folder.').addHelpText(
      'after',
      `
Writes a project of your own: one worker, one workflow with its dry runs, one MCP tool, tests, and the files that npm, TypeScript, Docker
and MCP clients need. It asks nothing. The project is named after its folder.

Examples:
  npx conductor-fleet init my-fleet
  cd my-fleet && npm install && npm start

Exit codes: 0 the project was written; 2 the folder is not empty, and nothing was written.`,
    );
  },
  run: (context) => writeProject(context, context.args[0] ?? '.'),
});
