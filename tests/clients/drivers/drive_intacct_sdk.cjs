// Sage's own JavaScript client against the simulator, by its public classes alone.
"use strict";
require("./redirect.cjs");
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

// Installed in an environment of its own, elsewhere than this file.
const load = createRequire(path.join(process.env.SANDBOX_CLIENT, "package.json"));
const sdk = load("@intacct/intacct-sdk");
const { version } = load("@intacct/intacct-sdk/package.json");
const { NewQuery } = sdk.Functions.Common;

const PAGE = 2000;
const seen = { errors: {}, bills: [] };

function config(password) {
  const made = new sdk.ClientConfig();
  made.senderId = process.env.SANDBOX_SENDER_ID;
  made.senderPassword = process.env.SANDBOX_SENDER_PASSWORD;
  made.companyId = process.env.SANDBOX_COMPANY_ID;
  made.userId = process.env.SANDBOX_USER_ID;
  made.userPassword = password;
  return made;
}

function query(object, fields, offset) {
  const made = new NewQuery.Query();
  made.assignFromObject(object);
  made.assignSelectFields(fields.map((field) => new NewQuery.QuerySelect.Field(field)));
  made.assignOrderBy([new NewQuery.QueryOrderBy.OrderAscending("RECORDNO")]);
  made.assignShowPrivate(true);
  made.assignPageSize(PAGE);
  made.assignOffset(offset);
  return made;
}

async function error(about, attempt) {
  try {
    await attempt();
  } catch (caught) {
    const text = [caught.message, ...(caught.errors || [])].join(" ").replace(/\s+/g, " ");
    console.log(`  ${about}: ${caught.constructor.name}: ${text.slice(0, 160)}`);
    seen.errors[about] = caught.constructor.name;
  }
}

async function main() {
  console.log(`@intacct/intacct-sdk ${version} on Node ${process.versions.node}`);
  const opened = await sdk.SessionProvider.factory(config(process.env.SANDBOX_USER_PASSWORD));
  const client = new sdk.OnlineClient(opened);
  console.log("  logged in");
  seen.logged_in = true;

  const vendors = (await client.execute(query("VENDOR", ["VENDORID", "NAME"], 0))).getResult();
  seen.vendors = Object.fromEntries(vendors.data.map((row) => [row.VENDORID, row.NAME]));
  const shown = Object.entries(seen.vendors).sort().map((pair) => pair.join(" "));
  console.log(`  ${shown.length} vendors: ${shown.join(", ")}`);

  let left = 1;
  while (left > 0) {
    const page = (await client.execute(query("APBILL", ["RECORDNO", "STATE"], seen.bills.length)))
      .getResult();
    seen.bills.push(...page.data.map((row) => row.RECORDNO));
    console.log(`  bills: ${page.data.length}`);
    left = page.numRemaining;
  }

  await error("unknown field", () => client.execute(query("APBILL", ["NO_SUCH_FIELD"], 0)));
  await error("wrong password", () => sdk.SessionProvider.factory(config("wrong")));
  fs.writeFileSync(process.env.SANDBOX_REPORT, JSON.stringify(seen));
}

main().catch((caught) => {
  console.error(caught);
  process.exitCode = 1;
});
