import htm from 'htm';
import { type ComponentChild, h } from 'preact';

/** Templates of the pages. Values become text nodes, so nothing that comes from a workflow becomes markup. */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => ComponentChild = htm.bind(h);

export type { ComponentChild } from 'preact';
export { render } from 'preact';
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
