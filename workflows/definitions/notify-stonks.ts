import { defineWorkflow, externalApi, fromSetting, z } from 'conductor-fleet';
import assessPriceChange from '../../workers/tasks/assess-price-change.ts';
import fetchPrice from '../../workers/tasks/fetch-price.ts';
import logMessage from '../../workers/tasks/log-message.ts';

export default defineWorkflow({
  name: 'NotifyStonks',
  version: 1,
  description:
    'Compares the price of a share with its last close. A change of more than the threshold sends one alert; a smaller change is logged.',
  input: z.object({
    symbol: z.string().min(1).max(40).default('STONKS'),
    /** The threshold in percent, for a rise or a fall. A change of exactly this size sends no alert. */
    threshold: z.number().nonnegative().default(5),
    shopUrl: fromSetting('shopUrl', z.url(), 'http://127.0.0.1:8090'),
  }),
  output: z.object({
    symbol: z.string(),
    previousClose: z.number(),
    price: z.number(),
    changePercent: z.number(),
    outcome: z.enum(['alert', 'log']),
  }),
  timeoutSeconds: 600,
}).build((wf, { symbol, threshold, shopUrl }) => {
  const { output: quote } = wf.task('fetch_price', fetchPrice, { symbol });
  const { output: change } = wf.task('assess', assessPriceChange, {
    previousClose: quote.previousClose,
    price: quote.price,
    threshold,
  });
  wf.switch('alert_or_log', change.verdict, {
    alert: (yes) =>
      yes.http('send_alert', externalApi, {
        method: 'POST',
        uri: `${shopUrl}/notifications`,
        headers: { 'Idempotency-Key': `${wf.workflowId}:price-alert` },
        body: {
          kind: 'price_alert',
          workflowId: wf.workflowId,
          symbol,
          previousClose: quote.previousClose,
          price: quote.price,
          changePercent: change.changePercent,
        },
        response: z.object({ accepted: z.boolean() }),
      }),
    log: (no) =>
      no.task('log_price', logMessage, {
        message: `${symbol} moved by ${change.changePercent} %: no alert`,
        context: { previousClose: quote.previousClose, price: quote.price },
      }),
  });
  return {
    symbol: quote.symbol,
    previousClose: quote.previousClose,
    price: quote.price,
    changePercent: change.changePercent,
    outcome: change.verdict,
  };
});
