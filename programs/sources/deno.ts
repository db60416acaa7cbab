import { strict as assert } from "node:assert";

await Deno.mkdir("d/e", { recursive: true });
await Deno.writeTextFile("d/e/a.txt", "text");
await Deno.rename("d/e/a.txt", "d/b.txt");
assert.equal(await Deno.readTextFile("D/B.TXT"), "text");
assert.deepEqual([...Deno.readDirSync("d")].map((each) => each.name).sort(), ["b.txt", "e"]);
const child = await new Deno.Command(Deno.execPath(), { args: ["eval", "console.log(6 * 7); Deno.exit(3)"] }).output();
assert.equal(new TextDecoder().decode(child.stdout).trim(), "42");
assert.equal(child.code, 3);
const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc")));
assert.equal(digest[0], 0xba);
assert.equal(Deno.hostname().toLowerCase(), "winhost");
const kv = await Deno.openKv("a.kv");
await kv.set(["a"], 1);
assert.equal((await kv.get(["a"])).value, 1);
kv.close();
const worker = new Worker("data:application/javascript,onmessage=(e)=>postMessage(e.data*2)", { type: "module" });
worker.postMessage(21);
assert.equal(await new Promise((done) => (worker.onmessage = (event) => done(event.data))), 42);
worker.terminate();

Deno.serve({ port: 8080, hostname: "0.0.0.0", onListen: () => console.log("listening") },
  (request) => new Response(`deno ${new URL(request.url).pathname}`));
