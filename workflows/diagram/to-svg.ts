import type { Box, Frame, Line } from './blocks.ts';
import type { Diagram } from './diagram.ts';
import { titleOf } from './labels.ts';
import { FONT, layout } from './layout.ts';

const MARGIN = 16;

/** Writes a picture as a self-contained SVG without scripts or external fonts. It is readable on light and dark pages. */
export function toSvg(diagram: Diagram): string {
  const { width, height, boxes, lines, frames } = layout(diagram);
  const size = { width: Math.ceil(width + 2 * MARGIN), height: Math.ceil(height + 2 * MARGIN) };
  const title = escapeXml(titleOf(diagram));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${size.width}" height="${size.height}"/>`,
    `<g transform="translate(${MARGIN} ${MARGIN})">`,
    ...frames.map(frameOf),
    ...lines.filter(({ dim }) => dim).map(lineOf), // drawn first, so that the lines that the execution took cover them
    ...lines.filter(({ dim }) => !dim).map(lineOf),
    ...boxes.map(boxOf),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

interface Colours {
  fill: string;
  stroke: string;
  text: string;
}

const LIGHT: Record<Box['tone'], Colours> = {
  none: { fill: '#ffffff', stroke: '#8c959f', text: '#1f2328' },
  done: { fill: '#dafbe1', stroke: '#1a7f37', text: '#0b3d1a' },
  warned: { fill: '#fff8c5', stroke: '#9a6700', text: '#4d3300' },
  failed: { fill: '#ffebe9', stroke: '#cf222e', text: '#67060c' },
  active: { fill: '#ddf4ff', stroke: '#0969da', text: '#03244d' },
  waiting: { fill: '#f6fbff', stroke: '#0969da', text: '#03244d' },
  stopped: { fill: '#fbefff', stroke: '#8250df', text: '#3e1f79' },
};

const DARK: Record<Box['tone'], Colours> = {
  none: { fill: '#161b22', stroke: '#8b949e', text: '#e6edf3' },
  done: { fill: '#0f2d17', stroke: '#3fb950', text: '#d2f8da' },
  warned: { fill: '#332701', stroke: '#d29922', text: '#fbeab8' },
  failed: { fill: '#3c1114', stroke: '#f85149', text: '#ffdcd7' },
  active: { fill: '#0c2742', stroke: '#58a6ff', text: '#d6eaff' },
  waiting: { fill: '#11202f', stroke: '#58a6ff', text: '#d6eaff' },
  stopped: { fill: '#251640', stroke: '#a371f7', text: '#eddeff' },
};

const STYLE = [
  `text{font:${FONT.size}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;text-anchor:middle}`,
  '.first{font-weight:bold}',
  '.line{fill:none;stroke-width:1.5}',
  '.frame{fill:none;stroke-dasharray:6 4}',
  '.box{stroke-width:1.5}',
  '.failed .box,.active .box{stroke-width:3}',
  '.waiting .box,.note .box{stroke-dasharray:4 3}',
  '.dim .box{stroke-dasharray:3 3}',
  '.dim.line{stroke-dasharray:3 4}',
  '.label .box{stroke:none}',
  ...colours(LIGHT, { page: '#ffffff', line: '#57606a', dim: '#6e7781' }),
  '@media (prefers-color-scheme:dark){',
  ...colours(DARK, { page: '#0d1117', line: '#8b949e', dim: '#9198a1' }),
  '}',
].join('\n');

function colours(tones: Record<Box['tone'], Colours>, { page, line, dim }: Record<'page' | 'line' | 'dim', string>) {
  return [
    `.page{fill:${page}}`,
    `.line,.frame{stroke:${line}}`,
    `.tip{fill:${line}}`,
    ...Object.entries(tones).map(
      ([tone, { fill, stroke, text }]) => `.${tone} .box{fill:${fill};stroke:${stroke}}.${tone} text{fill:${text}}`,
    ),
    `.label .box,.dim .box{fill:${page}}`,
    `.dim text{fill:${dim}}`,
  ];
}

function frameOf({ x, y, width, height, dim }: Frame): string {
  return `<rect class="frame${dim ? ' dim' : ''}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`;
}

function lineOf({ points, arrow, dim }: Line): string {
  const path = `<polyline class="line${dim ? ' dim' : ''}" points="${points.map((point) => point.join(',')).join(' ')}"/>`;
  return arrow ? `${path}${tipOf(points)}` : path;
}

/** The tip of an arrow, in the direction of the last segment of its line. */
function tipOf(points: Line['points']): string {
  const [[fromX, fromY], [x, y]] = [points.at(-2) ?? [0, 0], points.at(-1) ?? [0, 0]];
  const [dx, dy] = [Math.sign(x - fromX), Math.sign(y - fromY)];
  const corners = [
    [x, y],
    [x - 7 * dx - 4 * dy, y - 7 * dy - 4 * dx],
    [x - 7 * dx + 4 * dy, y - 7 * dy + 4 * dx],
  ];
  return `<polygon class="tip" points="${corners.map((corner) => corner.join(',')).join(' ')}"/>`;
}

function boxOf(box: Box): string {
  const { kind, x, y, width, lines, title, tone, dim } = box;
  const texts = lines.map((line, index) => {
    const baseline = y + (box.height - lines.length * FONT.lineHeight) / 2 + (index + 0.75) * FONT.lineHeight;
    const first = index === 0 && kind !== 'label' && kind !== 'note' ? ' class="first"' : '';
    return `<text${first} x="${x + width / 2}" y="${baseline}">${escapeXml(line)}</text>`;
  });
  const classes = ['node', kind, tone, ...(dim ? ['dim'] : [])].join(' ');
  return `<g class="${classes}"><title>${escapeXml(title)}</title>${outlineOf(box)}${texts.join('')}</g>`;
}

function outlineOf({ kind, x, y, width, height }: Box): string {
  const rectangle = (inset: number, radius: number) =>
    `<rect class="box" x="${x + inset}" y="${y + inset}" width="${width - 2 * inset}" height="${height - 2 * inset}" rx="${radius}"/>`;
  switch (kind) {
    case 'choice': {
      const [tip, middle] = [12, y + height / 2];
      const points = [
        [x, middle],
        [x + tip, y],
        [x + width - tip, y],
        [x + width, middle],
        [x + width - tip, y + height],
        [x + tip, y + height],
      ];
      return `<polygon class="box" points="${points.map((point) => point.join(',')).join(' ')}"/>`;
    }
    case 'sub-workflow':
      return rectangle(0, 4) + rectangle(4, 2);
    case 'terminal':
      return rectangle(0, 18);
    default:
      return rectangle(0, 4);
  }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
