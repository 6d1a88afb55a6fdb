// A small language for shapes of JSON values: a shape is a function from a value to its list of faults.
// Unknown extra fields are tolerated everywhere; a missing field is a fault unless its shape allows `undefined`.

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

const shape = (what, holds) => (value, at) => (holds(value) ? [] : [`${at} is ${JSON.stringify(value)}, not ${what}`]);

export const text = shape('a string', (value) => typeof value === 'string');
export const filled = shape('a non-empty string', (value) => typeof value === 'string' && value !== '');
export const id = shape('an id', (value) => typeof value === 'string' && /^[A-Za-z0-9._~@-]{1,128}$/.test(value));
export const bool = shape('a boolean', (value) => typeof value === 'boolean');
export const count = shape('a whole number from 0 up', (value) => Number.isSafeInteger(value) && value >= 0);
export const number = shape('a number', (value) => Number.isFinite(value));
export const instant = shape('a time like 2026-01-31T09:00:00.000Z', (value) => isInstant(value));
export const time = shape('such a time or null', (value) => value === null || isInstant(value));

function isInstant(value) {
  return typeof value === 'string' && ISO.test(value) && new Date(value).toISOString() === value;
}

export const exactly = (...values) => shape(values.map((value) => JSON.stringify(value)).join(' or '), (value) => values.includes(value));

export const optional = (inner) => (value, at) => (value === undefined ? [] : inner(value, at));

export const nullable = (inner) => (value, at) => (value === null ? [] : inner(value, at));

export const list = (inner) => (value, at) =>
  Array.isArray(value) ? value.flatMap((item, i) => inner(item, `${at}[${i}]`)) : [`${at} is ${JSON.stringify(value)}, not a list`];

export const object = (fields) => (value, at) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(fields).flatMap(([name, inner]) => inner(value[name], `${at}.${name}`))
    : [`${at} is ${JSON.stringify(value)}, not an object`];

/** The first shape without a fault decides; else the faults of the last one. */
export const either = (...shapes) => (value, at) => {
  let faults = [];
  for (const inner of shapes) {
    faults = inner(value, at);
    if (faults.length === 0) return faults;
  }
  return faults;
};

/** Faults of every field, at any depth, that is named like a time: times are never epoch numbers. */
export function timesWithin(value, at) {
  if (Array.isArray(value)) return value.flatMap((item, i) => timesWithin(item, `${at}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    /(?:At|Time|^timestamp)$/.test(name) && (typeof inner !== 'object' || inner === null)
      ? time(inner, `${at}.${name}`)
      : timesWithin(inner, `${at}.${name}`),
  );
}
