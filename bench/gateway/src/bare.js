// The least that Fastify does: one route that answers nothing to everybody.
import Fastify from "fastify";

const app = Fastify();
app.get("/bare", async () => "");
console.log(`listening on ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
