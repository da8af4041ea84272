const TAGS = /^@(\w+) ?/;

/** A docstring as Markdown: its tags become lists and examples. */
export function docstringMarkdown(docstring: string): string {
  const blocks: { tag: string; lines: string[] }[] = [{ tag: '', lines: [] }];
  for (const line of docstring.split('\n')) {
    const [mark, tag] = TAGS.exec(line) ?? [];
    if (mark !== undefined && tag !== undefined) blocks.push({ tag, lines: [line.slice(mark.length)] });
    else blocks.at(-1)?.lines.push(line);
  }
  const [text, ...tagged] = blocks.map(({ tag, lines }) => blockMarkdown(tag, lines.join('\n').trim()));
  const isExample = (block: string) => block.startsWith('```');
  const points = tagged.filter((block) => !isExample(block)).join('\n');
  return [text, points, ...tagged.filter(isExample)].filter((part) => part !== undefined && part !== '').join('\n\n');
}

/** The first sentence of a docstring, on one line. */
export function firstSentence(docstring: string): string {
  const [text = ''] = docstring.split(/\n\n|\n@/);
  const line = text.replaceAll('\n', ' ');
  return /^.*?[.!?](?= [A-Z`]|$)/.exec(line)?.[0] ?? line;
}

function blockMarkdown(tag: string, text: string): string {
  if (tag === 'example') return ['```ts', text, '```'].join('\n');
  if (tag === 'param') return text.replace(/^(\S+) (?:- )?/, '- `$1`: ');
  if (tag === 'returns') return `- Returns ${text}`;
  if (tag === 'throws') return `- Throws ${text}`;
  return text;
}
