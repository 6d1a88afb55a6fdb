// Puts people on the page: a dot and words; text only, never markup.

import type { Dot, Shown } from '../src/index.js';

/** An element of the page by its id. */
export function find(id: string): HTMLElement;
export function find<T extends HTMLElement>(id: string, kind: new () => T): T;
export function find(id: string, kind: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}

export function option(value: string, label: string): HTMLOptionElement {
  return new Option(label, value);
}

export interface Line {
  readonly dot: Dot;
  readonly fading: boolean;
  readonly words: readonly string[];
  /** Has the conversation open. */
  readonly isHere?: boolean;
  /** What the person wrote. */
  readonly text?: string | null;
}

/** Draws a dot, a name, and notes. */
export function drawPerson(place: HTMLElement, { dot, fading, words, isHere = false, text = null }: Line): void {
  const mark = document.createElement('span');
  mark.className = `dot ${dot}${fading ? ' fading' : ''}`;
  mark.role = 'img';
  mark.ariaLabel = dot;
  mark.title = dot;
  const [name, ...notes] = words;
  place.replaceChildren(
    mark,
    name ?? '',
    ...(isHere ? [span('here', 'here')] : []),
    ...notes.filter((note) => note !== '').map((note) => span('note', note)),
    ...(text === null ? [] : [span('text', `“${text}”`)]),
  );
}

function span(name: string, content: string): HTMLElement {
  const element = document.createElement('span');
  element.className = name;
  element.textContent = content;
  return element;
}

/** Draws a list; what was drawn of a person before is used again, so that the page does not flicker. */
export function drawPeople(list: HTMLElement, people: readonly { readonly shown: Shown; readonly isHere?: boolean }[]): void {
  const before = new Map([...list.children].map((item) => [(item as HTMLElement).dataset['userId'], item as HTMLElement]));
  list.replaceChildren(
    ...people.map(({ shown, isHere = false }) => {
      const item = before.get(shown.userId) ?? document.createElement('li');
      item.dataset['userId'] = shown.userId;
      item.dataset['dot'] = shown.dot;
      const { dot, fading, username, userId, text } = shown;
      drawPerson(item, { dot, fading, words: [username ?? userId, words(shown)], isHere, text });
      return item;
    }),
  );
}

const BUCKETS = { recently: 'recently', within_week: 'within a week', within_month: 'within a month', long_ago: 'long ago' };

function words({ dot, fading, seen, bucket }: Shown): string {
  if (seen !== null) return `seen ${seen}`;
  if (fading || dot === 'offline') return bucket ? `seen ${BUCKETS[bucket]}` : '';
  return dot === 'online' ? '' : dot;
}
