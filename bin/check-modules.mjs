// Parses the modules it is given, all in one process: `node --check` takes one at a time, and a tenth of a second for it.
// Run with --experimental-vm-modules. What is wrong is told by `node --check`, which says where.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { SourceTextModule } from "node:vm";

for (const path of process.argv.slice(2)) {
  try {
    new SourceTextModule(readFileSync(path, "utf8"), { identifier: path });
  } catch {
    spawnSync(process.execPath, ["--check", path], { stdio: "inherit" });
    process.exitCode = 1;
  }
}
