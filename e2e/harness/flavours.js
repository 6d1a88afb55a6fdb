// The six ways in which deployed applications connect: two client generations, each by three transports.
// A flavour opens an official client and says how it carries a credential.

import { io as ioV4 } from 'socket.io-client';
import ioV2 from 'socket.io-client-v2';

const TRANSPORTS = {
  websocket: ['websocket'],
  polling: ['polling'],
  upgrade: ['polling', 'websocket'],
};

function v4(url, { auth, headers, query, transports, ...rest }) {
  return ioV4(url, { auth, query, extraHeaders: headers, transports, forceNew: true, ...rest });
}

function v2(url, { headers, query, transports, ...rest }) {
  return ioV2(url, { query, extraHeaders: headers, transports, forceNew: true, ...rest });
}

const flavour = (generation, transport) => ({
  name: `v${generation} ${transport}`,
  generation,
  transport,
  upgrades: transport === 'upgrade',
  /** Options that carry a token in the way natural to this generation. */
  credentials: (token) =>
    generation === 4
      ? { auth: { token } }
      : { query: token.startsWith('anon_') ? { sessionToken: token } : { token } },
  open: (url, options) =>
    (generation === 4 ? v4 : v2)(url, { transports: TRANSPORTS[transport], ...options }),
});

export const V4 = flavour(4, 'websocket');
export const V4_POLLING = flavour(4, 'polling');
export const V4_UPGRADE = flavour(4, 'upgrade');
export const V2 = flavour(2, 'websocket');
export const V2_POLLING = flavour(2, 'polling');
export const V2_UPGRADE = flavour(2, 'upgrade');

export const FLAVOURS = [V4, V4_POLLING, V4_UPGRADE, V2, V2_POLLING, V2_UPGRADE];
