import { baseOf, type Declaration, plainDocstring, privateTypesIn } from './declarations.ts';

/** A method or field of a class, with all of its overloads. */
export interface Member {
  readonly name: string;
  readonly docstring: string;
  readonly text: string;
}

/**
 * The members of a class that have a docstring, its own first. Members of the class that it extends follow, unless that class is public
 * and so has a section of its own.
 */
export function membersOf(declaration: Declaration, isPublic: (name: string) => boolean): Member[] {
  if (declaration.kind !== 'class') return [];
  const own = ownMembers(declaration).filter(({ docstring }) => docstring !== '');
  const base = baseOf(declaration);
  return [...own, ...(base && !isPublic(base.name) ? membersOf(base, isPublic) : [])];
}

function ownMembers({ module, text }: Declaration): Member[] {
  const members = new Map<string, Member>();
  for (const { comment, code } of partsOf(text.split('\n').slice(1, -1))) {
    const [, name] = /^(?:readonly |static |get |set |abstract )*([a-z]\w*)/i.exec(code) ?? [];
    if (name === undefined || /^(private|protected) /.test(code)) continue;
    const before = members.get(name);
    const docstring = before?.docstring || plainDocstring(comment);
    members.set(name, { name, docstring, text: before ? `${before.text}\n${code}` : code });
  }
  return [...members.values()].map((member) => ({
    ...member,
    text: [member.text, ...privateTypesIn(module, member.text)].join('\n\n'),
  }));
}

/** Cuts the body of a class at the ends of its members. The compiler indents a member by four spaces and ends it with a semicolon. */
function partsOf(lines: readonly string[]): { comment: string; code: string }[] {
  const parts: { comment: string; code: string }[] = [];
  let comment: string[] = [];
  let code: string[] = [];
  let inComment = false;
  for (const line of lines) {
    const starts = code.length === 0 && /^ {4}\/\*\*/.test(line);
    if (starts || inComment) {
      comment.push(line);
      inComment = !line.includes('*/');
      continue;
    }
    code.push(line.slice(4));
    if (!/^ {4}\S.*;$/.test(line)) continue;
    parts.push({ comment: comment.join('\n'), code: code.join('\n') });
    [comment, code] = [[], []];
  }
  return parts;
}
