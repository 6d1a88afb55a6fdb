import { requireApiKey, requireUser } from "./auth.js";
import { iso } from "./presence.js";
import { followMembers } from "./realtime.js";

const PRESENCE_IDS_LIMIT = 200;

/** The routes of the benchmarks, under the paths and with the answers that Vigie has. */
export function addRoutes(app, { io, authenticate, directory, presence, apiKey }) {
  const asUser = requireUser(authenticate);
  const asOperator = requireApiKey(apiKey);

  // An authenticated request that is an activity, and nothing else.
  app.get("/v1/auth/forward", { preHandler: asUser }, async (request, reply) => {
    presence.requested(request.user);
    reply.header("x-user-id", request.user.id);
    return "";
  });

  app.get("/users/presence", { preHandler: asUser }, async (request, reply) => {
    const ids = [...new Set((request.query.ids ?? "").split(",").filter(Boolean))];
    if (ids.length === 0 || ids.length > PRESENCE_IDS_LIMIT) {
      return reply.code(400).send({ success: false, error: "ids" });
    }
    const users = ids.map((userId) => {
      const other = directory.shareConversation(request.user, userId) && directory.user(userId);
      return other
        ? { userId, isOnline: other.isOnline, lastActiveAt: iso(other.lastActiveAt) }
        : { userId, isOnline: false, lastActiveAt: null };
    });
    return { success: true, data: { users } };
  });

  app.put("/v1/conversations/:id/members", { preHandler: asOperator }, async (request) => {
    const members = request.body.map((typed) => typed.replace(/^user:/, ""));
    followMembers(io, request.params.id, directory.setMembers(request.params.id, members));
    return { success: true };
  });

  app.post("/maintenance/user-status", { preHandler: asOperator }, async (request, reply) => {
    const { userId, isOnline } = request.body;
    const user = directory.user(userId);
    if (user === undefined) return reply.code(404).send({ success: false, error: "userId" });
    if (user.isOnline !== isOnline) presence.set(user, isOnline);
    return { success: true };
  });
}
