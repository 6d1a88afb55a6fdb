import { createSecretKey, timingSafeEqual } from "node:crypto";
import jwt from "jsonwebtoken";

/**
 * Verifies a bearer token; returns its user, made on first sight, or undefined.
 *
 * The key is made once: given the secret as a string, jsonwebtoken tries to read it as a public key for every token, which costs many times the verification.
 */
export function authenticator({ directory, jwtSecret }) {
  const key = createSecretKey(jwtSecret, "utf8");
  return (token) => {
    try {
      const claims = jwt.verify(token, key, { algorithms: ["HS256"], clockTolerance: 5 });
      return directory.provision(claims.userId ?? claims.sub, claims.username);
    } catch {
      return undefined;
    }
  };
}

/** The Fastify hook before routes of users: 401, or `request.user`. */
export function requireUser(authenticate) {
  return async (request, reply) => {
    const token = bearer(request.headers.authorization);
    if (token === undefined) {
      return reply.code(401).send({ error: "Authentication required", code: "AUTH_REQUIRED" });
    }
    const user = authenticate(token);
    if (user === undefined) {
      return reply.code(401).send({ error: "Invalid JWT token", code: "AUTH_FAILED" });
    }
    request.user = user;
  };
}

/** The Fastify hook before routes of operators. */
export function requireApiKey(apiKey) {
  const expected = Buffer.from(apiKey);
  return async (request, reply) => {
    const given = Buffer.from(request.headers["x-api-key"] ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return reply.code(401).send({ error: "Authentication required", code: "AUTH_REQUIRED" });
    }
  };
}

export function bearer(header) {
  return header?.startsWith("Bearer ") ? header.slice("Bearer ".length) : undefined;
}
