// A real OpenID provider for the tests: npm `oidc-provider`, on a free port of 127.0.0.1.
//
//   node provider.mjs FOLDER     FOLDER has node_modules/oidc-provider; prints {"issuer":"…"} once it listens, and runs
//                                until standard input is closed
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const library = pathToFileURL(`${process.argv[2]}/node_modules/oidc-provider/lib/index.js`).href;
const { default: Provider } = await import(library);

const people = {
  tamm: { preferred_username: "t.tamm", groups: ["staff", "cti"], training_until: "2099-06-30", department: "cyber" },
  guest: { preferred_username: "g.guest", groups: ["staff"], training_until: "2099-06-30" },
  taken: { preferred_username: "a.password", groups: ["cti"], training_until: "2099-06-30" },
  colon: { preferred_username: "t:tamm", groups: ["cti"], training_until: "2099-06-30" },
};
const claims = ["preferred_username", "groups", "training_until", "department"];
const algorithms = ["RS256", "ES256", "EdDSA"];
const kinds = [["rsa", { modulusLength: 2048 }], ["ec", { namedCurve: "P-256" }], ["ed25519", {}]];
const keys = kinds.map(([kind, options], n) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
  kid: `key-${n}`,
  use: "sig",
  alg: algorithms[n],
}));

const server = createServer().listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: algorithms.map((alg) => ({
      client_id: `comity-${alg}`,
      client_secret: "a secret: of a test",
      redirect_uris: ["https://gateway.example/signin/callback"],
      post_logout_redirect_uris: ["https://gateway.example/"],
      id_token_signed_response_alg: alg,
    })),
    claims: { openid: ["sub"], profile: claims },
    conformIdTokenClaims: false,
    cookies: { keys: ["a key of a test"] },
    enabledJWA: { idTokenSigningAlgValues: algorithms },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    jwks: { keys },
    pkce: { required: () => true },
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ issuer }));
});
process.stdin.on("end", () => process.exit(0)).resume();
