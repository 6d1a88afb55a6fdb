// A stock socket.io server for the tests of vigie-client.
// It prints one JSON object a line: its port, then what it sees of its sockets.
import { createServer } from "node:http";
import { Server } from "socket.io";

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

// Whatever is not Socket.IO is answered with what was asked.
const http = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { method, url, headers } = request;
  response.writeHead(207, { "content-type": "application/json", "x-answer": "yes" });
  response.end(JSON.stringify({ method, url, key: headers["x-api-key"], type: headers["content-type"], body }));
});
const io = new Server(http, { pingInterval: 150, pingTimeout: 250 });

io.use((socket, next) => {
  if (!socket.handshake.auth.refuse) return next();
  const error = new Error("not today");
  error.data = { code: 42 };
  next(error);
});

io.on("connection", (socket) => {
  const { auth, headers, query } = socket.handshake;
  socket.emit("welcome", { auth, header: headers["x-test"], query: query["a b"] });
  socket.conn.on("packet", ({ type }) => type === "pong" && say({ pong: socket.id }));
  socket.on("echo", (payload, answer) => (answer ? answer(payload, "ok") : socket.emit("echo", payload)));
  socket.on("flood", (count) => {
    for (let n = 0; n < count; n++) socket.emit("noise", n);
    socket.emit("signal", count);
  });
  socket.on("namespace-disconnect", () => socket.disconnect());
  socket.on("engine-close", () => socket.conn.transport.send([{ type: "close" }]));
  socket.on("websocket-close", () => socket.conn.transport.socket.close(4001, "away"));
  socket.on("tcp-destroy", () => socket.conn.transport.socket.terminate());
  socket.on("disconnect", (reason) => say({ gone: socket.id, reason }));
});

http.listen(0, "127.0.0.1", () => say({ port: http.address().port }));
// The test holds our standard input: when the test is gone, so are we.
process.stdin.resume().on("end", () => process.exit(0));
