// The gateway as a process: configured by JWT_SECRET, API_KEY and PORT, it prints where it listens.
import { startGateway } from "./gateway.js";

const { JWT_SECRET: jwtSecret, API_KEY: apiKey, PORT: port } = process.env;
if (!jwtSecret || !apiKey) {
  console.error("JWT_SECRET and API_KEY are needed");
  process.exit(2);
}
const { url } = await startGateway({ jwtSecret, apiKey, port: Number(port ?? 0) });
console.log(`listening on ${url}`);
