/** `npm run deploy`: build, make missing secrets, and hand both to Cloudflare in one `wrangler deploy`. */
import { build } from "./build.mjs";
import { ensurePackages } from "./lib/install.mjs";
import { main, root, run, tool } from "./lib/run.mjs";
import { ensureDeploySecrets } from "./lib/secrets.mjs";

main(async () => {
  await ensurePackages();
  await build();
  const { path, made } = ensureDeploySecrets();
  if (made.length > 0) {
    console.log(`made ${made.join(", ")} in ${path.replace(`${root}/`, "")}: keep that file safe, it is not in git`);
  }
  await run(tool("wrangler"), ["deploy", "--secrets-file", path, ...process.argv.slice(2)]);
});
