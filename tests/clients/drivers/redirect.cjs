// Where this process looks for Intacct: the name the client asks for leads to the simulator.
// Loaded before the client, of which nothing changes. Any other name does not resolve.
"use strict";
const https = require("https");

const HOST = "api.intacct.com";

function lookup(host, options, callback) {
  if (host !== HOST) {
    callback(new Error(`${host} is not ${HOST}, the one host this client may talk to`));
  } else if (options.all) {
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  } else {
    callback(null, "127.0.0.1", 4);
  }
}

Object.assign(https.globalAgent.options, { lookup, port: Number(process.env.SANDBOX_PORT) });
