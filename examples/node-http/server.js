// Answers with what a Windows program sees in this container, and counts its visitors in a file.
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");

const COUNTER = "visits.txt";

function greeting() {
  const listed = execFileSync("reg", ["query", "HKLM\\Software\\Example", "/v", "Greeting"], { encoding: "utf8" });
  return listed.match(/REG_SZ\s+(.*\S)/)[1];
}

http
  .createServer((request, response) => {
    const visits = (fs.existsSync(COUNTER) ? Number(fs.readFileSync(COUNTER, "utf8")) : 0) + 1;
    fs.writeFileSync(COUNTER, String(visits));
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.end(
      [
        `Hello from ${os.type()} ${os.release()} (${process.platform}-${process.arch}), Node.js ${process.version}`,
        `directory: ${process.cwd()}`,
        `file:      ${fs.readFileSync("built.txt", "utf8").trim()}`,
        `registry:  ${greeting()}`,
        `visits:    ${visits}`,
        "",
      ].join("\n"),
    );
  })
  .listen(Number(process.env.PORT), () => console.log(`listening on port ${process.env.PORT}`));
