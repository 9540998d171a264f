/** Runs before the build: on an older Node the tools themselves end in a stack trace that helps nobody. */
const [major, minor] = process.versions.node.split('.').map(Number);
if (!((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22)) {
  process.stderr.write(
    `Rapport needs Node 20.19 or later (not 21, and 22.12 or later of 22); this is ${process.versions.node}. See nodejs.org.\n`,
  );
  process.exit(1);
}
