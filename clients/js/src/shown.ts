// What a person looks like at one moment: the dot, whether it fades, and the words beside it.
// In: what was told, the server's time, and since when the link is silent. Out: what to draw, and when that changes by itself.
// Always true: it is a function of its arguments alone, and what is unknown is `unknown` or null, never "now".

import { ago } from './ago.js';
import type { Availability, Bucket, Status } from './wire.js';

export type Dot = Availability | 'unknown';

/** What to draw of one person. */
export interface Shown {
  readonly userId: string;
  /** Null as long as nothing was told of this person. */
  readonly username: string | null;
  readonly dot: Dot;
  /** Shown present, and nothing has proved it for a while: draw the dot pale. */
  readonly fading: boolean;
  /** When the person was last there, "3 min. ago"; null for who is here, and where it is unknown or hidden. */
  readonly seen: string | null;
  /** The same as an instant, in ms since the epoch; null where `seen` is. */
  readonly seenAt: number | null;
  /** Roughly when, of somebody who hides the time. */
  readonly bucket: Bucket | null;
  /** The text that the person chose, until its end. */
  readonly text: string | null;
}

export interface Moment {
  /** The server's time in ms. */
  readonly now: number;
  /** Since when this client has no link to the server; null while it has one. */
  readonly silentSince: number | null;
  readonly locale?: string | undefined;
}

/**
 * Present people whose last proof is older fade, in ms.
 * The server sends fresh times of present people at least every 4 minutes, so only what is not told any more gets this old.
 */
export const FADES_AFTER = 5 * 60_000;

export function show(userId: string, status: Status | undefined, moment: Moment): { shown: Shown; changesAt: number } {
  if (!status) return { shown: nobody(userId), changesAt: Infinity };
  const { now } = moment;
  const isPresent = status.status !== 'offline';
  const proved = instant(status.lastActiveAt);
  // Who hides the time has no proof that could age, but a silent link ages everybody.
  const fadesAt = isPresent ? (proved ?? moment.silentSince ?? Infinity) + FADES_AFTER : Infinity;
  const fading = now >= fadesAt;
  const until = instant(status.statusUntil);
  const hasText = isPresent && Boolean(status.statusText) && (until === null || now < until);
  // Of who is here the time moves all the while, and is not drawn.
  const isGone = !isPresent || fading;
  const seenAt = isGone ? ((isPresent ? null : instant(status.lastSeenAt)) ?? proved) : null;
  const seen = seenAt === null ? null : ago(seenAt, now, moment.locale);
  const changes = [
    fading ? Infinity : fadesAt,
    hasText && until !== null ? until : Infinity,
    seen ? seen.changesAt : Infinity,
  ];
  return {
    shown: {
      userId,
      username: status.username,
      dot: status.status,
      fading,
      seen: seen ? seen.text : null,
      seenAt,
      bucket: status.lastSeenBucket ?? null,
      text: hasText ? (status.statusText ?? null) : null,
    },
    changesAt: Math.min(...changes),
  };
}

/** Whether both are drawn in the same way. */
export function looksTheSame(a: Shown, b: Shown): boolean {
  return (Object.keys(a) as (keyof Shown)[]).every((key) => a[key] === b[key]);
}

function nobody(userId: string): Shown {
  return {
    userId,
    username: null,
    dot: 'unknown',
    fading: false,
    seen: null,
    seenAt: null,
    bucket: null,
    text: null,
  };
}

function instant(time: string | null | undefined): number | null {
  if (time === null || time === undefined) return null;
  const at = Date.parse(time);
  return Number.isNaN(at) ? null : at;
}
