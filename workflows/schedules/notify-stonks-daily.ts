import { defineSchedule } from 'conductor-fleet';
import notifyStonks from '../definitions/notify-stonks.ts';

export default defineSchedule({
  name: 'notify_stonks_daily',
  description: 'Checks the price every day at 21:00 UTC, after the exchange in New York has closed.',
  workflow: notifyStonks,
  input: {},
  cron: '0 0 21 * * *',
});
