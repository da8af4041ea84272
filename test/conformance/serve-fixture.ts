import { loadConfig } from '../../core/config.ts';
import { aborted, onInterruption } from '../../core/drain.ts';
import { createLogger } from '../../core/log.ts';
import { startHttp } from '../../mcp/transports/http.ts';
import { createFixture } from './create-fixture.ts';

/** A program: serves the fixture over the product's HTTP transport until SIGTERM. Its settings come from the environment. */
const { config } = loadConfig();
const interruption = onInterruption();
const front = await startHttp({
  ...createFixture(),
  config,
  log: createLogger(config, 'conformance'),
  conductor: () => Promise.reject(new Error('the fixture has no Conductor server')),
});
process.stderr.write(`MCP at ${front.url}\n`);
await aborted(interruption.signal);
await front.close();
interruption.dispose();
