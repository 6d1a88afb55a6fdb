import { Server } from "socket.io";
import { bearer } from "./auth.js";
import { statusOf } from "./presence.js";
import { closeAllViews, closeView, openView, tellViews } from "./views.js";

/** The periods of Vigie, so that idle connections do the same work. */
const PING_MS = 8_000;

/** Most people in a snapshot, as in Vigie. */
const SNAPSHOT_LIMIT = 1_000;

export function createIo(httpServer) {
  return new Server(httpServer, {
    pingInterval: PING_MS,
    pingTimeout: PING_MS,
    maxHttpBufferSize: 64 * 1024,
    serveClient: false,
  });
}

/**
 * Tells a change to everybody who shares a conversation, and to the person's other devices; to each socket once.
 * Those who have one of the person's conversations open are told there too.
 */
export function announcer(io, directory) {
  return (user, socket) => {
    const rooms = [...directory.audiences(user)].map(conversationRoom);
    const others = socket ?? io;
    others.to([userRoom(user.id), ...rooms]).emit("user:status", statusOf(user));
    directory.notePresence(user);
    tellViews(io, directory, user);
  };
}

/** Takes connections: verify, join the rooms of the person's conversations, greet, snapshot, tell the others. */
export function serveSockets({ io, authenticate, directory, presence }) {
  io.use((socket, next) => {
    const { auth, headers } = socket.handshake;
    const token = auth.token ?? auth.authToken ?? bearer(headers.authorization);
    const user = token === undefined ? undefined : authenticate(token);
    if (user === undefined) return next(new Error("Authentification requise"));
    socket.data.user = user;
    next();
  });

  io.on("connection", (socket) => {
    const { user } = socket.data;
    socket.join([userRoom(user.id), ...[...user.conversations].map(conversationRoom)]);
    socket.emit("authenticated", {
      success: true,
      user: { id: user.id, language: "fr", isAnonymous: false },
      version: "1",
      session: socket.id,
    });
    socket.emit("presence:snapshot", snapshotFor(directory, user));
    presence.connected(user, socket);

    socket.on("heartbeat", () => {
      socket.emit("heartbeat:ack", { serverTime: new Date().toISOString() });
    });
    socket.on("presence:activity", () => presence.requested(user));
    socket.on("conversation:join", (payload) => openView(socket, directory, user, payload ?? {}));
    socket.on("conversation:leave", (payload) => closeView(socket, directory, user, payload?.conversationId));
    socket.on("disconnect", () => {
      closeAllViews(socket, directory, user);
      presence.disconnected(user);
    });
  });
}

/** Keeps the rooms of sockets that are already there true when members change. */
export function followMembers(io, conversationId, { joined, left }) {
  const room = conversationRoom(conversationId);
  for (const id of joined) io.in(userRoom(id)).socketsJoin(room);
  for (const id of left) io.in(userRoom(id)).socketsLeave(room);
}

function snapshotFor(directory, user) {
  const contacts = [];
  for (const id of directory.contacts(user)) contacts.push(directory.user(id));
  contacts.sort((a, b) => b.isOnline - a.isOnline);
  const users = contacts.slice(0, SNAPSHOT_LIMIT).map(statusOf);
  return { users, total: contacts.length, truncated: users.length < contacts.length };
}

function userRoom(id) {
  return `user:${id}`;
}

function conversationRoom(id) {
  return `conversation:${id}`;
}
