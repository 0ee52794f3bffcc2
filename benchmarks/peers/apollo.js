// Apollo Server as its documentation starts it, with one DataLoader per request.
import { readFileSync } from "node:fs";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import DataLoader from "dataloader";
import { benefitsOf, fetchProfile, listProfiles } from "./omneo.js";

const server = new ApolloServer({
  typeDefs: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  resolvers: {
    Query: {
      profile: (_, { id }) => fetchProfile(id),
      profiles: (_, { first }) => listProfiles(first),
    },
    Profile: {
      benefits: ({ id }, { first }, { benefits }) => benefits(first).load(id),
    },
  },
});

function context() {
  const loaders = new Map();
  return {
    benefits(first) {
      if (!loaders.has(first)) loaders.set(first, new DataLoader((ids) => benefitsOf(ids, first)));
      return loaders.get(first);
    },
  };
}

await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: Number(process.env.PORT) },
  context: async () => context(),
});
