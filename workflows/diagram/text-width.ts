/** Puts a text on one line and removes characters that control a terminal or change the writing direction. */
export function clean(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/gu, '�')
    .trim();
}

/** The width of a text in terminal columns. A wide character has two columns, a combining character none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const char of text) columns += columnsOfChar(char);
  return columns;
}

/** Cuts a text that does not fit into `columns`, and adds an ellipsis. */
export function shorten(text: string, columns: number, ellipsis = '…'): string {
  if (columnsOf(text) <= columns) return text;
  let taken = '';
  let left = columns - columnsOf(ellipsis);
  for (const char of text) {
    left -= columnsOfChar(char);
    if (left < 0) break;
    taken += char;
  }
  return columns < columnsOf(ellipsis) ? '' : `${taken.trimEnd()}${ellipsis}`;
}

/** Pads a text with spaces to `columns`. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

function columnsOfChar(char: string): number {
  if (/^[\x20-\x7e]$/.test(char)) return 1;
  if (/^[\p{Mn}\p{Me}]$/u.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** East Asian wide and fullwidth characters (Unicode Standard Annex 11), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
