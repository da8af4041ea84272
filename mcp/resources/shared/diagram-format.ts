import { z } from 'zod';
import type { Diagram } from '../../../workflows/diagram/diagram.ts';
import type { Completer } from '../../reading/completers.ts';
import type { Reading } from '../../reading/define-resource.ts';

const names = ['svg', 'mermaid', 'text'] as const;
type Format = (typeof names)[number];

/** The format parameter of a diagram's address. */
export const diagramFormat = z.enum(names).default('svg');

/** Completes the format parameter. */
export const formats: Completer = async () => names;

const TYPES: Record<Format, string> = { svg: 'image/svg+xml', mermaid: 'text/vnd.mermaid', text: 'text/plain' };

/** Draws a diagram. A long run of steps that simply succeeded is shown as a count. */
export async function drawAs(format: Format, drawn: Diagram): Promise<Reading> {
  const [{ fold }, { toSvg }, { toMermaid }, { toText }] = await Promise.all([
    import('../../../workflows/diagram/fold.ts'),
    import('../../../workflows/diagram/to-svg.ts'),
    import('../../../workflows/diagram/to-mermaid.ts'),
    import('../../../workflows/diagram/to-text.ts'),
  ]);
  const write = { svg: toSvg, mermaid: toMermaid, text: (diagram: Diagram) => toText(diagram) };
  return { text: write[format](fold(drawn).diagram), mimeType: TYPES[format] };
}
