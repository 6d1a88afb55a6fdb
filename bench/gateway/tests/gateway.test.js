// That the peer does the work that it is compared by: greet, snapshot, tell everybody concerned once, refuse the others.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import jwt from "jsonwebtoken";
import { io } from "socket.io-client";
import { Directory } from "../src/directory.js";
import { startGateway } from "../src/gateway.js";
import { Presence } from "../src/presence.js";

const jwtSecret = "a secret that only this test uses";
const apiKey = "the key of this test";
const PATIENCE = { signal: AbortSignal.timeout(30_000) };

let gateway;
const sockets = [];

before(async () => {
  gateway = await startGateway({ jwtSecret, apiKey });
});

after(async () => {
  for (const socket of sockets) socket.disconnect();
  await gateway.stop();
});

const token = (userId) => jwt.sign({ userId }, jwtSecret, { expiresIn: "1h" });

const asOperator = (method, path, body) =>
  fetch(gateway.url + path, {
    method,
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const converse = (id, members) =>
  asOperator("PUT", `/v1/conversations/${id}/members`, members.map((member) => `user:${member}`));

/** A socket with everything it heard, once it has its snapshot. */
async function connect(userId) {
  const heard = [];
  const socket = io(gateway.url, { auth: { token: token(userId) }, transports: ["websocket"], forceNew: true });
  sockets.push(socket);
  socket.onAny((name, payload) => heard.push({ name, payload }));
  await until(() => heard.some(({ name }) => name === "presence:snapshot"));
  return { socket, heard, statuses: () => heard.filter(({ name }) => name === "user:status") };
}

async function until(holds) {
  while (!holds()) {
    PATIENCE.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a contact is told once of coming and of leaving, however many conversations are shared", async () => {
  await converse("one", ["alice", "bob"]);
  await converse("two", ["alice", "bob"]);
  const alice = await connect("alice");
  const bob = await connect("bob");
  await until(() => alice.statuses().length === 1);
  assert.equal(alice.statuses()[0].payload.userId, "bob");
  assert.equal(alice.statuses()[0].payload.isOnline, true);
  const snapshot = bob.heard.find(({ name }) => name === "presence:snapshot").payload;
  assert.deepEqual(snapshot.users.map(({ userId, isOnline }) => [userId, isOnline]), [["alice", true]]);
  bob.socket.disconnect();
  await until(() => alice.statuses().length === 2);
  assert.equal(alice.statuses()[1].payload.isOnline, false);
});

test("a second device changes nothing, the last one's end does", async () => {
  await converse("three", ["carol", "dave"]);
  const carol = await connect("carol");
  const phone = await connect("dave");
  const laptop = await connect("dave");
  await until(() => carol.statuses().length === 1);
  phone.socket.disconnect();
  const asked = await asOperator("POST", "/maintenance/user-status", { userId: "dave", isOnline: true });
  assert.equal(asked.status, 200);
  assert.equal(carol.statuses().length, 1);
  laptop.socket.disconnect();
  await until(() => carol.statuses().length === 2);
  assert.deepEqual(carol.statuses().map(({ payload }) => [payload.isOnline, payload.seq]), [[true, 1], [false, 2]]);
});

test("an operator's change reaches the person's own device too", async () => {
  await converse("four", ["erin", "frank"]);
  const erin = await connect("erin");
  await asOperator("POST", "/maintenance/user-status", { userId: "erin", isOnline: false });
  await until(() => erin.statuses().length === 1);
});

test("requests need a valid token, and move the time", async () => {
  const ask = (headers) => fetch(`${gateway.url}/v1/auth/forward`, { headers });
  assert.equal((await ask({})).status, 401);
  assert.equal((await ask({ authorization: "Bearer nonsense" })).status, 401);
  assert.equal((await ask({ authorization: `Bearer ${token("grace")}` })).status, 200);
  await converse("five", ["grace", "heidi"]);
  const url = `${gateway.url}/users/presence?ids=grace,mallory`;
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token("heidi")}` } });
  const { users } = (await reply.json()).data;
  assert.equal(users[0].isOnline, true);
  assert.equal(typeof users[0].lastActiveAt, "string");
  assert.deepEqual(users[1], { userId: "mallory", isOnline: false, lastActiveAt: null });
});

test("whom an operator turns online stays so as long as after a request", (t) => {
  t.mock.timers.enable({ apis: ["Date", "setInterval"], now: 1_700_000_000_000 });
  const directory = new Directory();
  const told = [];
  const presence = new Presence({ directory, announce: ({ id, isOnline }) => told.push([id, isOnline]) });
  presence.set(directory.provision("turned"), true);
  presence.requested(directory.provision("asking"));
  const online = [["turned", true], ["asking", true]];
  t.mock.timers.tick(299_000);
  assert.deepEqual(told, online);
  t.mock.timers.tick(17_000);
  assert.deepEqual(told, [...online, ["turned", false], ["asking", false]]);
  presence.close();
});

test("who has a conversation open is told who is there, and who comes and goes", async () => {
  await converse("six", ["ivan", "judy", "kim"]);
  const ivan = await connect("ivan");
  const judy = await connect("judy");
  const of = (name) => ivan.heard.filter((event) => event.name === name).map(({ payload }) => payload);
  judy.socket.emit("conversation:join", { conversationId: "six" });
  await until(() => judy.heard.some(({ name }) => name === "conversation:joined"));
  ivan.socket.emit("conversation:join", { conversationId: "six", presence: true });
  await until(() => of("conversation:presence").length === 1);
  const [{ members, counts, truncated }] = of("conversation:presence");
  assert.deepEqual(members.map(({ userId, here }) => [userId, here]), [["ivan", true], ["judy", true]]);
  assert.deepEqual([counts, truncated], [{ members: 3, online: 2, here: 2 }, false]);
  const kim = await connect("kim");
  await until(() => of("conversation:presence_diff").length === 1);
  kim.socket.disconnect();
  judy.socket.disconnect();
  await until(() => of("conversation:presence_diff").length === 3);
  const [came, ...went] = of("conversation:presence_diff");
  assert.deepEqual([came.joins.map(({ userId }) => userId), came.leaves], [["kim"], []]);
  assert.deepEqual(went.map(({ leaves }) => leaves).flat().toSorted(), ["judy", "kim"]);
  assert.deepEqual(went.at(-1).counts, { members: 3, online: 1, here: 1 });
  assert.equal(judy.heard.some(({ name }) => name === "conversation:presence"), false);
});

test("a conversation is opened by its members alone", async () => {
  await converse("seven", ["liam"]);
  const mia = await connect("mia");
  mia.socket.emit("conversation:join", { conversationId: "seven", presence: true });
  await until(() => mia.heard.some(({ name }) => name === "conversation:join-error"));
  assert.equal(mia.heard.some(({ name }) => name === "conversation:presence"), false);
});

test("a conversation of more than a thousand makes nobody contacts", async () => {
  await converse("eight", ["nina", "oscar", ...Array.from({ length: 999 }, (_, number) => `extra-${number}`)]);
  const nina = await connect("nina");
  assert.deepEqual(nina.heard.find(({ name }) => name === "presence:snapshot").payload.users, []);
  nina.socket.emit("conversation:join", { conversationId: "eight", presence: true });
  await until(() => nina.heard.some(({ name }) => name === "conversation:presence"));
  await connect("oscar");
  await until(() => nina.heard.some(({ name }) => name === "conversation:presence_diff"));
  assert.deepEqual(nina.statuses(), []);
});
