import { answers, completes, defineScenarios, fails, failsForGood } from 'conductor-fleet';
import notifyStonks from './notify-stonks.ts';

const quote = (price: number) => completes({ symbol: 'STONKS', previousClose: 100, price });
const alert = (changePercent: number) => completes({ verdict: 'alert', changePercent });
const accepted = answers(202, { accepted: true });

export default defineScenarios(notifyStonks, {
  'sends an alert if the price rises by more than the threshold': {
    input: {},
    tasks: { fetch_price: quote(106), assess: alert(6), send_alert: accepted },
    expect: {
      status: 'COMPLETED',
      output: { symbol: 'STONKS', previousClose: 100, price: 106, changePercent: 6, outcome: 'alert' },
      notRan: ['log_price'],
      inputs: {
        fetch_price: { symbol: 'STONKS' },
        assess: { previousClose: 100, price: 106, threshold: 5 },
        send_alert: {
          http_request: { method: 'POST', uri: /\/notifications$/, headers: { 'Idempotency-Key': /:price-alert$/ } },
        },
      },
    },
  },
  'sends an alert if the price falls by more than the threshold': {
    input: { symbol: 'STONKS', threshold: 2 },
    tasks: { fetch_price: quote(97), assess: alert(-3), send_alert: accepted },
    expect: {
      status: 'COMPLETED',
      inputs: {
        assess: { threshold: 2 },
        send_alert: { http_request: { body: { kind: 'price_alert', symbol: 'STONKS', changePercent: -3 } } },
      },
    },
  },
  'logs a change that is not above the threshold': {
    input: {},
    tasks: {
      fetch_price: quote(105),
      assess: completes({ verdict: 'log', changePercent: 5 }),
      log_price: [fails('no worker'), completes({ loggedAt: '2026-01-01T00:00:00.000Z' })],
    },
    expect: {
      status: 'COMPLETED',
      output: { outcome: 'log' },
      notRan: ['send_alert'],
      inputs: { log_price: { message: 'STONKS moved by 5 %: no alert' } },
    },
  },
  'retries the alert': {
    input: {},
    tasks: { fetch_price: quote(106), assess: alert(6), send_alert: [fails('500'), fails('500'), accepted] },
    expect: { status: 'COMPLETED', attempts: { send_alert: 3 } },
  },
  'fails if the alert cannot be sent': {
    input: {},
    tasks: {
      fetch_price: quote(106),
      assess: alert(6),
      send_alert: [fails('500'), fails('500'), fails('500'), fails('500')],
    },
    expect: { status: 'FAILED', reason: '500', attempts: { send_alert: 4 } },
  },
  'retries the price lookup and the assessment': {
    input: {},
    tasks: {
      fetch_price: [fails('503'), quote(106)],
      assess: [fails('no worker'), alert(6)],
      send_alert: accepted,
    },
    expect: { status: 'COMPLETED', attempts: { fetch_price: 2, assess: 2 } },
  },
  'fails without a retry for an unlisted share': {
    input: { symbol: 'NONE' },
    tasks: { fetch_price: failsForGood('No share is listed as "NONE".') },
    expect: { status: 'FAILED', reason: 'No share is listed as "NONE".', notRan: ['assess'] },
  },
});
