import { strict as assert } from "node:assert";
import { Database } from "bun:sqlite";
import fs from "node:fs";

const database = new Database("a.sqlite");
database.run("create table t (n integer)");
for (let n = 0; n < 100; n++) database.run("insert into t values (?)", [n]);
assert.equal((database.query("select sum(n) as s from t").get() as { s: number }).s, 4950);
database.close();

await Bun.write("a.txt", "text");
assert.equal(await Bun.file("a.txt").text(), "text");
fs.mkdirSync("d/e", { recursive: true });
fs.renameSync("a.txt", "d/e/b.txt");
const child = Bun.spawn([process.execPath, "-e", "process.stdout.write(String(6 * 7)); process.exit(3)"]);
assert.equal(await new Response(child.stdout).text(), "42");
assert.equal(await child.exited, 3);
assert.equal(new Bun.CryptoHasher("sha256").update("abc").digest("hex").slice(0, 8), "ba7816bf");
const worker = new Worker(URL.createObjectURL(new Blob(["onmessage = (e) => postMessage(e.data * 2)"])));
worker.postMessage(21);
assert.equal(await new Promise((done) => (worker.onmessage = (event) => done(event.data))), 42);
worker.terminate();
const shell = await Bun.$`echo one two`.text();
assert.equal(shell, "one two\n");

Bun.serve({ port: 8080, hostname: "0.0.0.0", fetch: (request) => new Response(`bun ${new URL(request.url).pathname}`) });
console.log("listening");
