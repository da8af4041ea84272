import { aborted } from '../../core/pause.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { stayConnected, tokensNeeded } from '../connect.ts';
import { defineCommand } from '../define-command.ts';
import { buildMcp } from '../mcp-front.ts';
import { serveHttp } from '../serve-http.ts';

const HELP = `
Serves only the console: a web page that shows the executions of a Conductor server, says why they failed, and acts on them. It works with
every Conductor server, also without workers or workflows of fleet. \`fleet up\` and \`fleet mcp --transport http\` serve it too.

Examples:
  fleet console                                           the embedded server of this folder
  fleet console --server-url http://conductor:8080/api    another server
  fleet console --role viewer                             look, and change nothing`;

export default defineCommand({
  groups: ['conductor', 'server', 'mcp', 'audit'],
  configure(command) {
    command.addHelpText('after', HELP);
  },
  async run({ config: given, log, signal, print, note }) {
    const config = { ...given, mcpConsole: true, mcpTransport: 'http' as const };
    const { conductor, close } = stayConnected(config);
    const leases = new Leases({ conductor, log });
    const ended = new AbortController();
    try {
      await conductor(); // says at once if no server is configured
      const front = await buildMcp({ config, log, conductor, leases, signal: ended.signal });
      const served = await serveHttp({ front, config, log, conductor, servesMcp: false, mayMove: true });
      print(served.siteUrl);
      note(`This is the address of the console. Ctrl-C stops it.${tokensNeeded(config)}`);
      await aborted(signal);
      await served.close();
    } finally {
      await leases.close({ giveBack: true });
      ended.abort();
      close();
    }
    note('Stopped.');
  },
});
