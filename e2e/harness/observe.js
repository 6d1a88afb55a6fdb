// Hooks the raw decoding of an official client, so that every event is seen as it came, also those nobody listens to.
// Self-contained: the browser's page gets the text of this function.

/** Calls `received(event, args)` for every event of a socket, and `opened()` at every connect. */
export function observe(socket, { opened, received }) {
  socket.on('connect', () => opened());
  if (socket.onAny) {
    socket.onAny((event, ...args) => received(event, args));
  } else {
    const deliver = socket.onevent;
    socket.onevent = function (packet) {
      const [event, ...args] = packet.data || [];
      received(event, args);
      return deliver.call(this, packet);
    };
  }
}
