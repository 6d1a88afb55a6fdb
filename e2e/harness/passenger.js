// A client in a process of its own, for tests that stop the process: `passenger.js URL FLAVOUR TOKEN`.
// Tells its parent every event that it receives, and otherwise only stays.

import { FLAVOURS } from './flavours.js';
import { observe } from './observe.js';

const [url, name, token] = process.argv.slice(2);
const flavour = FLAVOURS.find((candidate) => candidate.name === name);
const socket = flavour.open(url, { ...flavour.credentials(token), reconnection: false });
observe(socket, { opened: () => {}, received: (event, args) => process.send({ event, args }) });
process.on('disconnect', () => process.exit());
