// Mercurius on Fastify, with its own batching loaders and operations compiled by graphql-jit at their first use.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import { benefitsOf, fetchProfile, listProfiles } from "./omneo.js";

const app = Fastify();
await app.register(mercurius, {
  schema: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  jit: 1,
  resolvers: {
    Query: {
      profile: (_, { id }) => fetchProfile(id),
      profiles: (_, { first }) => listProfiles(first),
    },
  },
  loaders: {
    Profile: {
      benefits: (queries) =>
        benefitsOf(
          queries.map(({ obj }) => obj.id),
          queries[0].params.first,
        ),
    },
  },
});
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
