import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionVersion } from '../shared/fields.ts';
import { findVersions, noSuchWorkflow } from '../shared/find-workflow.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'delete_workflow',
  title: 'Delete workflow definition',
  description:
    'Deletes (removes, unregisters) one version of a workflow definition that is no longer used; its executions stay. Refuses while executions of this version run. To end an execution use terminate_workflow.',
  toolset: 'author',
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z.string().min(1).max(255).describe('Name of the workflow'),
    version: definitionVersion.describe('The version to delete'),
    force: z.boolean().default(false).describe('true: also while executions of it run'),
  }),
  output: z.object({ name: z.string(), version: z.int(), running: z.int(), versionsLeft: z.array(z.int()) }),
}).handler(async ({ name, version, force }, { conductor, definitions }) => {
  const versions = await findVersions(name, definitions);
  if (!versions.includes(version)) throw await noSuchWorkflow({ name, version }, definitions);
  const running = (await conductor.runningExecutions(name, version)).length;
  if (running > 0 && !force) throw stillRunning(name, version, running);
  try {
    await conductor.deleteWorkflowDef(name, version);
  } finally {
    definitions.changed(name);
  }
  const versionsLeft = versions.filter((one) => one !== version);
  const left = versionsLeft.length > 0 ? `Versions left: ${versionsLeft.join(', ')}.` : 'No version of it is left.';
  const goOn =
    running === 0
      ? ''
      : running === 1
        ? ' 1 execution of it still runs, with its own copy.'
        : ` ${running} executions of it still run, each with its own copy.`;
  return {
    text: `Deleted ${quoteIfUnusual(name)} version ${version}. ${left}${goOn}`,
    structured: { name, version, running, versionsLeft },
  };
});

function stillRunning(name: string, version: number, running: number): FleetError {
  const list = callOf('list_workflow_executions', { workflowName: name, status: 'RUNNING' });
  const what = running === 1 ? '1 execution of it is running' : `${running} executions of it are running`;
  return new FleetError('conflict', `${quoteIfUnusual(name)} version ${version} was not deleted: ${what}.`, {
    remedy: `See them: ${list}\nRetries, and sub-workflows that name this version, will not find a deleted version. To delete it anyway: ${callOf('delete_workflow', { name, version, force: true })}`,
  });
}
