import { defineSchedule, defineWorkflow, z } from 'conductor-fleet';
import httpRequest from '../../workers/tasks/http-request.ts';
import logMessage from '../../workers/tasks/log-message.ts';
import { defineTemplate } from './registry/define-template.ts';

const workflow = defineWorkflow({
  name: 'ScheduledReport',
  version: 1,
  description: 'Fetches a report and logs the status of the answer.',
  input: z.object({ url: z.url(), title: z.string().default('report') }),
  output: z.object({ statusCode: z.number(), loggedAt: z.string() }),
  timeoutSeconds: 600,
}).build((wf, { url, title }) => {
  const report = wf.task('fetch', httpRequest, { url });
  const logged = wf.task('log', logMessage, {
    message: `${title}: ${report.output.statusCode}`,
    context: { body: report.output.body },
  });
  return { statusCode: report.output.statusCode, loggedAt: logged.output.loggedAt };
});

const schedule = defineSchedule({
  name: 'scheduled_report_daily',
  description: 'Starts ScheduledReport every day at 06:00 UTC.',
  workflow,
  input: { url: 'https://example.com/report.json' },
  // Second, minute, hour, day of month, month, day of week.
  cron: '0 0 6 * * *',
  zone: 'UTC',
  // The address above is only an example. Resume the schedule to let it fire.
  paused: true,
});

export default defineTemplate({
  name: 'scheduled',
  title: 'Every day at a certain time',
  description: 'A workflow and the schedule that starts it, each in its own file.',
  whenToUse: 'Reports, clean-ups, checks: anything that must run at certain times.',
  workflow,
  schedule,
});
