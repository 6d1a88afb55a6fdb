import Fastify from "fastify";
import { authenticator } from "./auth.js";
import { Directory } from "./directory.js";
import { Presence } from "./presence.js";
import { announcer, createIo, serveSockets } from "./realtime.js";
import { addRoutes } from "./routes.js";

/** A gateway that listens; returns its URL and how to stop it. */
export async function startGateway({ jwtSecret, apiKey, port = 0 }) {
  // A request to take a million members is 30 MB.
  const app = Fastify({ bodyLimit: 64 * 1024 * 1024 });
  const io = createIo(app.server);
  const directory = new Directory();
  const presence = new Presence({ directory, announce: announcer(io, directory) });
  const authenticate = authenticator({ directory, jwtSecret });
  serveSockets({ io, authenticate, directory, presence });
  addRoutes(app, { io, authenticate, directory, presence, apiKey });
  const url = await app.listen({ host: "127.0.0.1", port });
  const stop = async () => {
    presence.close();
    await io.close();
    await app.close();
  };
  return { url, stop };
}
