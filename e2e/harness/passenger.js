// A client in a process of its own, for tests that stop the process: `passenger.js URL FLAVOUR TOKEN`.
// Says `ready` to its parent when the server has sent its snapshot, and then only stays.

import { FLAVOURS } from './flavours.js';

const [url, name, token] = process.argv.slice(2);
const flavour = FLAVOURS.find((candidate) => candidate.name === name);
const socket = flavour.open(url, { ...flavour.credentials(token), reconnection: false });
socket.on('presence:snapshot', () => process.send('ready'));
process.on('disconnect', () => process.exit());
