import type { Section } from './pages.ts';

interface Heading {
  readonly level: number;
  readonly title: string;
}

/** Cuts a Markdown page at its headings. A line of a code block is never a heading. */
export function sectionsOf(page: string, markdown: string): Section[] {
  const anchors = new Map<string, number>();
  const above: Heading[] = [];
  const sections: { headings: string[]; anchor: string; lines: string[] }[] = [];
  let inCode = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) inCode = !inCode;
    const heading = inCode ? undefined : headingOf(line);
    if (heading) {
      while (above.length > 0 && (above.at(-1)?.level ?? 0) >= heading.level) above.pop();
      above.push(heading);
      sections.push({
        headings: above.map(({ title }) => title),
        anchor: uniqueAnchor(heading.title, anchors),
        lines: [],
      });
    }
    sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ headings, anchor, lines }) => ({ page, anchor, headings, text: lines.join('\n').trim() }));
}

function headingOf(line: string): Heading | undefined {
  const [, marks, title] = /^(#{1,4}) (.+)$/.exec(line) ?? [];
  return marks === undefined || title === undefined
    ? undefined
    : { level: marks.length, title: title.replaceAll('`', '') };
}

/** The anchor that GitHub gives a heading. If a page has a heading twice, the second one ends in `-1`. */
function uniqueAnchor(title: string, known: Map<string, number>): string {
  const anchor = title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
  const times = known.get(anchor) ?? 0;
  known.set(anchor, times + 1);
  return times === 0 ? anchor : `${anchor}-${times}`;
}
