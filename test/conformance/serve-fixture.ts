import { loadConfig } from '../../core/config.ts';
import { onInterruption } from '../../core/interruption.ts';
import { createLogger } from '../../core/log.ts';
import { aborted } from '../../core/pause.ts';
import { startHttp } from '../../mcp/transports/http.ts';
import { createFixture } from './create-fixture.ts';

/** Program: serves the fixture over the product's HTTP transport until SIGTERM. Environment variables hold its settings. */
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
