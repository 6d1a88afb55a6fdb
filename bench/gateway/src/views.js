/** Up to as many people present are listed whole to those who open a conversation; of more, the first ones. */
const LIST_LIMIT = 200;
const FIRST = 50;

/** Opens a conversation on a socket; who asks for its presence is given who is there, and told every change. */
export function openView(socket, directory, user, { conversationId, presence }) {
  if (!user.conversations.has(conversationId)) {
    socket.emit("conversation:join-error", { conversationId, reason: "not_member" });
    return;
  }
  socket.data.open ??= new Set();
  if (!socket.data.open.has(conversationId)) {
    const { here } = directory.conversation(conversationId);
    here.set(user.id, (here.get(user.id) ?? 0) + 1);
    socket.data.open.add(conversationId);
  }
  socket.emit("conversation:joined", { conversationId, userId: user.id });
  if (presence !== true) return;
  socket.join(viewRoom(conversationId));
  socket.emit("conversation:presence", presenceIn(directory, conversationId));
}

export function closeView(socket, directory, user, conversationId) {
  if (!socket.data.open?.delete(conversationId)) return;
  const { here } = directory.conversation(conversationId);
  const others = here.get(user.id) - 1;
  if (others > 0) here.set(user.id, others);
  else here.delete(user.id);
  socket.leave(viewRoom(conversationId));
}

export function closeAllViews(socket, directory, user) {
  for (const conversationId of socket.data.open ?? []) closeView(socket, directory, user, conversationId);
}

/** Tells those who have one of the user's conversations open that the user came or went. */
export function tellViews(io, directory, user) {
  const open = io.sockets.adapter.rooms;
  for (const conversationId of user.conversations) {
    const room = viewRoom(conversationId);
    if (!open.has(room)) continue;
    const conversation = directory.conversation(conversationId);
    io.to(room).emit("conversation:presence_diff", {
      conversationId,
      mode: "full",
      joins: user.isOnline ? [entryOf(user, conversation)] : [],
      updates: [],
      leaves: user.isOnline ? [] : [user.id],
      counts: countsOf(conversation),
    });
  }
}

function presenceIn(directory, conversationId) {
  const conversation = directory.conversation(conversationId);
  const { present } = conversation;
  const wanted = present.size > LIST_LIMIT ? FIRST : present.size;
  const members = [];
  for (const id of present) {
    if (members.length === wanted) break;
    members.push(entryOf(directory.user(id), conversation));
  }
  const truncated = wanted < present.size;
  return { conversationId, mode: "full", members, counts: countsOf(conversation), truncated };
}

function entryOf(user, { here }) {
  return { userId: user.id, username: user.username, status: "online", here: here.has(user.id) };
}

function countsOf({ members, present, here }) {
  return { members: members.size, online: present.size, here: here.size };
}

function viewRoom(id) {
  return `view:${id}`;
}
