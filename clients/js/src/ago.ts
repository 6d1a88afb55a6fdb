// How long ago something was, in words of a language, and when the words change.
// Unknown stays unknown: there is no text for it, least of all "now".

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From the largest; a month and a year are counted in days, since nobody reads them exactly. */
const UNITS = [
  ['year', 365 * DAY],
  ['month', 30 * DAY],
  ['week', 7 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
] as const;

export interface Ago {
  readonly text: string;
  /** The instant at which the text is another one, in ms since the epoch. */
  readonly changesAt: number;
}

/** "3 min. ago", "now" within the first minute and for what a wrong clock puts into the future. */
export function ago(at: number, now: number, locale?: string): Ago {
  const words = format(locale);
  const past = Math.max(0, now - at);
  for (const [index, [unit, length]] of UNITS.entries()) {
    if (past < length) continue;
    const count = Math.floor(past / length);
    const larger = UNITS[index - 1]?.[1] ?? Infinity;
    return { text: words.format(-count, unit), changesAt: at + Math.min((count + 1) * length, larger) };
  }
  return { text: words.format(0, 'second'), changesAt: at + MINUTE };
}

const formats = new Map<string | undefined, Intl.RelativeTimeFormat>();

function format(locale: string | undefined): Intl.RelativeTimeFormat {
  let known = formats.get(locale);
  if (!known) {
    known = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
    formats.set(locale, known);
  }
  return known;
}
