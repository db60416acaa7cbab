import assert from "node:assert/strict";
import { execFileSync, execSync, spawn } from "node:child_process";
import crypto from "node:crypto";
import dns from "node:dns/promises";
import { EventEmitter, once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import zlib from "node:zlib";

const checks = {
  files() {
    fs.mkdirSync("d/e", { recursive: true });
    fs.writeFileSync("d/e/Ünï.txt", "a".repeat(100000));
    fs.renameSync("d/e/Ünï.txt", "d/e/two.txt");
    assert.equal(fs.readFileSync("D/E/TWO.TXT").length, 100000);
    fs.copyFileSync("d/e/two.txt", "d/three.txt");
    fs.truncateSync("d/three.txt", 7);
    assert.equal(fs.statSync("d/three.txt").size, 7);
    fs.utimesSync("d/three.txt", 1e9, 1e9);
    assert.equal(fs.statSync("d/three.txt").mtimeMs, 1e12);
    fs.linkSync("d/three.txt", "d/four.txt");
    assert.equal(fs.statSync("d/four.txt").nlink, 2);
    assert.deepEqual(fs.readdirSync("d").sort(), ["e", "four.txt", "three.txt"]);
    assert.throws(() => fs.readFileSync("absent"), { code: "ENOENT" });
    assert.throws(() => fs.mkdirSync("d"), { code: "EEXIST" });
    assert.throws(() => fs.rmdirSync("d"), { code: "ENOTEMPTY" });
    assert.equal(fs.realpathSync.native("D"), path.join(process.cwd(), "d"));
    fs.rmSync("d", { recursive: true });
    assert.ok(fs.existsSync(os.tmpdir()));
    const deep = path.join(process.cwd(), ...Array(30).fill("directory-name"));
    fs.mkdirSync(deep, { recursive: true });
    fs.writeFileSync(path.join(deep, "f"), "deep");
    assert.equal(fs.readFileSync(path.join(deep, "f"), "utf8"), "deep");
  },
  links() {
    fs.mkdirSync("real");
    fs.writeFileSync("real/f", "f");
    fs.symlinkSync(path.resolve("real"), "junction", "junction");
    fs.symlinkSync("real\\f", "link", "file");
    assert.equal(fs.readFileSync("junction/f", "utf8"), "f");
    assert.equal(fs.readFileSync("link", "utf8"), "f");
    assert.ok(fs.lstatSync("link").isSymbolicLink());
    assert.equal(fs.readlinkSync("link"), "real\\f");
    fs.rmSync("junction", { recursive: true });
    assert.ok(fs.existsSync("real/f"));
  },
  async watch() {
    fs.mkdirSync("watched");
    const watcher = fs.watch("watched");
    const seen = once(watcher, "change");
    fs.writeFileSync("watched/new", "x");
    assert.equal((await seen)[1], "new");
    watcher.close();
  },
  crypto() {
    assert.equal(crypto.createHash("sha256").update("abc").digest("hex").slice(0, 8), "ba7816bf");
    const { privateKey, publicKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    assert.ok(crypto.verify("sha256", Buffer.from("x"), publicKey, crypto.sign("sha256", Buffer.from("x"), privateKey)));
    assert.equal(crypto.randomBytes(16).length, 16);
    assert.equal(zlib.gunzipSync(zlib.gzipSync("abc")).toString(), "abc");
  },
  async children() {
    assert.equal(execFileSync(process.execPath, ["-p", "1+1"], { encoding: "utf8" }), "2\n");
    assert.equal(execSync("echo %OS%&& exit 0", { encoding: "utf8" }), "Windows_NT\r\n");
    assert.throws(() => execSync("exit 7", { stdio: "ignore" }), { status: 7 });
    const child = spawn(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"]);
    child.stdin.end("x".repeat(1000000));
    let length = 0;
    child.stdout.on("data", (part) => (length += part.length));
    assert.deepEqual(await once(child, "close"), [0, null]);
    assert.equal(length, 1000000);
    const forever = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(forever, "spawn");
    forever.kill();
    assert.equal((await once(forever, "exit"))[1], "SIGTERM");
  },
  async workers() {
    const code = "const {parentPort} = require('worker_threads'); parentPort.once('message', n => parentPort.postMessage(n * 2))";
    const workers = [1, 2, 3, 4].map((n) => {
      const worker = new Worker(code, { eval: true });
      worker.postMessage(n);
      return once(worker, "message");
    });
    assert.deepEqual((await Promise.all(workers)).flat(), [2, 4, 6, 8]);
  },
  async network() {
    const server = http.createServer((request, response) => request.pipe(response)).listen(0);
    await once(server, "listening");
    const answer = await fetch(`http://localhost:${server.address().port}`, { method: "POST", body: "ping" });
    assert.equal(await answer.text(), "ping");
    server.closeAllConnections();
    server.close();
    const pipe = net.createServer((socket) => socket.end("through a pipe")).listen("\\\\.\\pipe\\sample");
    await once(pipe, "listening");
    const [data] = await once(net.connect("\\\\.\\pipe\\sample"), "data");
    assert.equal(String(data), "through a pipe");
    pipe.close();
    await assert.rejects(once(net.connect(1, "127.0.0.1"), "connect"), { code: "ECONNREFUSED" });
    assert.match((await dns.lookup("localhost")).address, /^(127\.0\.0\.1|::1)$/);
  },
  machine() {
    assert.equal(os.hostname().toLowerCase(), "winhost");
    assert.equal(os.platform(), "win32");
    assert.equal(os.release(), "10.0.20348");
    assert.ok(os.cpus().length >= 1);
    assert.ok(os.totalmem() > 1e6 && os.freemem() <= os.totalmem());
    assert.equal(os.userInfo().username, "ContainerAdministrator");
    assert.equal(os.homedir(), "C:\\Users\\ContainerAdministrator");
    assert.ok(Object.values(os.networkInterfaces()).flat().some((each) => each.address === "127.0.0.1"));
  },
};

const emitter = new EventEmitter();
assert.ok(emitter);
let failed = 0;
for (const name of process.argv.slice(2)) {
  try {
    await checks[name]();
    console.log(`${name} ok`);
  } catch (error) {
    failed++;
    console.log(`${name} failed: ${error.message.split("\n").slice(0, 4).join(" ")}`);
  }
}
process.exitCode = failed;
