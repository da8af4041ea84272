import { useEffect, useRef } from '../html.ts';

/** The reference of a modal dialog that is open as long as `open` is true. */
export function useModal(open: boolean) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return dialog;
}

/** What the header of the page opens: the palette and the list of keys. */
export interface Opened {
  readonly open: boolean;
  readonly close: () => void;
}
