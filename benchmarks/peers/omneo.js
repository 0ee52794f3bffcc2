// Omneo for the peers: undici's pool with kept-alive connections, and the same calls the gateway makes.
// Rows become objects named as the schema names them here, once, so that the engines read plain properties.
import { Pool } from "undici";

const url = new URL(process.env.OMNEO_URL);
const pool = new Pool(url.origin, { connections: 96, pipelining: 1 });
const headers = { authorization: "Bearer sandbox-token", accept: "application/json" };
const PAGE_MAX = 100;

async function get(path) {
  const { statusCode, body } = await pool.request({ path: `/api/v3${path}`, method: "GET", headers });
  if (statusCode === 404) {
    await body.dump();
    return null;
  }
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  return body.json();
}

const time = (wall) => (wall === null ? null : `${wall.replace(" ", "T")}+00:00`);

const profile = (row) => ({
  id: row.id,
  firstName: row.first_name,
  lastName: row.last_name,
  email: row.email,
});

const benefit = (row) => ({
  id: row.id,
  profileId: row.profile_id,
  issuedAt: time(row.issued_at),
  expiresAt: time(row.expires_at),
  isExpired: row.is_expired,
  isRedeemable: row.is_redeemable,
  redemptionsRemaining: row.redemptions_remaining,
  definition: row.definition,
});

export async function fetchProfile(id) {
  const answer = await get(`/profiles/${id}`);
  return answer && profile(answer.data);
}

export async function listProfiles(first) {
  const answer = await get(`/profiles?sort=created_at&page[size]=${first}&page[number]=1`);
  return { nodes: answer.data.map(profile) };
}

// One list of benefits for each profile, in the order asked: a call for each, or pages of one list over all of them.
export async function benefitsOf(ids, first) {
  if (process.env.OMNEO_BATCH === "filter" && ids.length > 1) return listed(ids, first);
  const page = `sort=created_at&page[size]=${first}&page[number]=1`;
  return Promise.all(
    ids.map(async (id) => ({ nodes: (await get(`/profiles/${id}/benefits?${page}`)).data.map(benefit) })),
  );
}

async function listed(ids, first) {
  const page = (number) =>
    get(`/benefits?filter[profile_id][in]=${ids.join(",")}&sort=created_at&page[size]=${PAGE_MAX}&page[number]=${number}`);
  const found = await page(1);
  const rest = Array.from({ length: found.meta.last_page - 1 }, (_, index) => page(index + 2));
  const lists = new Map(ids.map((id) => [id, []]));
  for (const answer of [found, ...(await Promise.all(rest))]) {
    for (const row of answer.data) lists.get(row.profile_id).push(benefit(row));
  }
  return ids.map((id) => ({ nodes: lists.get(id).slice(0, first) }));
}
