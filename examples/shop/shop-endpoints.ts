import type { Logger } from '../../core/log.ts';
import { type Books, booksEndpoints } from './engine/books.ts';
import type { Endpoint } from './engine/endpoint.ts';
import { type Faults, faultEndpoints } from './engine/faults.ts';
import { scriptedModelEndpoints } from './scripted-model/scripted-model.ts';
import { backOfficeEndpoints } from './services/back-office.ts';
import { healthEndpoints } from './services/health.ts';
import { inventoryEndpoints } from './services/inventory.ts';
import { mcpEndpoints } from './services/mcp-endpoint.ts';
import { paymentEndpoints } from './services/payments.ts';
import { priceEndpoints } from './services/prices.ts';
import { probeEndpoints } from './services/probes.ts';
import { searchEndpoints } from './services/search.ts';
import { weatherEndpoints } from './services/weather.ts';

/** Everything that the shop offers, in the order in which `GET /` lists it. */
export function shopEndpoints({ books, faults, log }: { books: Books; faults: Faults; log: Logger }): Endpoint[] {
  const endpoints: Endpoint[] = [
    ...healthEndpoints(() => endpoints),
    ...inventoryEndpoints(books),
    ...paymentEndpoints(books),
    ...backOfficeEndpoints(books),
    ...weatherEndpoints(),
    ...priceEndpoints(),
    ...searchEndpoints(),
    ...probeEndpoints(books),
    ...mcpEndpoints(log),
    ...scriptedModelEndpoints(),
    ...booksEndpoints(books),
    ...faultEndpoints(faults, () => endpoints),
  ];
  return endpoints;
}
