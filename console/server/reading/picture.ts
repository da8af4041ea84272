import type { Execution } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import type { Diagram } from '../../../workflows/diagram/diagram.ts';
import { type DefinitionLike, drawDefinition, drawExecution } from '../../../workflows/diagram/draw.ts';
import { fold } from '../../../workflows/diagram/fold.ts';
import { layout } from '../../../workflows/diagram/layout.ts';
import type { PictureShown } from '../../shared/execution-detail.ts';

/** The picture of an execution, as `fleet diagram` draws it. The page above it shows the facts about the whole. */
export function pictureOf(execution: Execution, now: number): PictureShown {
  const { diagram, hidden } = fold(drawExecution(definitionIn(execution), execution, now));
  return { ...placed(diagram), hidden };
}

/** The picture of a definition. */
export function definitionPictureOf(def: DefinitionLike): PictureShown {
  return { ...placed(drawDefinition(def)), hidden: 0 };
}

function placed(diagram: Diagram): Omit<PictureShown, 'hidden'> {
  const { boxes, lines, frames } = layout(diagram, 'dot');
  const xs = [
    ...boxes.flatMap((box) => [box.x, box.x + box.width]),
    ...frames.flatMap(({ x, width }) => [x, x + width]),
  ];
  const ys = [...boxes.map((box) => box.y + box.height), ...frames.map(({ y, height }) => y + height)];
  const left = Math.min(...xs, ...lines.flatMap(({ points }) => points.map(([x]) => x)));
  const right = Math.max(...xs, ...lines.flatMap(({ points }) => points.map(([x]) => x)));
  return {
    width: right - left,
    height: Math.max(...ys),
    boxes: boxes.map((box) => ({ ...box, x: box.x - left })),
    frames: frames.map((frame) => ({ ...frame, x: frame.x - left })),
    lines: lines.map(({ points, dim }) => ({ points: points.map(([x, y]) => [x - left, y] as const), dim })),
  };
}

/** The definition as it was when the execution started. */
function definitionIn({ workflowDefinition: def, workflowName: name }: Execution): { name: string; tasks?: unknown } {
  return isObject(def) ? { ...def, name } : { name, tasks: [] };
}
