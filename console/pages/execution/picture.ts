import { type ComponentChild, html } from '../../parts/html.ts';
import { Picture as AnyPicture } from '../../parts/show/picture.ts';
import type { Attempt, PictureBox, PictureShown } from '../../shared/execution-detail.ts';

interface PictureProps {
  readonly picture: PictureShown;
  readonly tasks: readonly Attempt[];
  readonly chosen: Attempt | undefined;
  choose(id: string): void;
}

/** The picture of the execution. Each task in it chooses the last attempt of the task. */
export function Picture({ picture, tasks, chosen, choose }: PictureProps): ComponentChild {
  const byRef = new Map(tasks.map((task) => [task.ref, task]));
  const pressable = ({ ref }: PictureBox) => {
    const task = byRef.get(ref ?? '');
    if (!task) return undefined;
    const isOn = chosen?.ref === ref;
    return { isOn, press: () => choose(task.id) };
  };
  return html`<${AnyPicture} picture=${picture} label="Picture of the execution" pressable=${pressable}/>`;
}
