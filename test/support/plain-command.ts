// Programs as they run outside of tests: the test runner puts its loaders into every node that is started
// (NODE_OPTIONS, set again whatever `env` says), which makes them slow and breaks some.

/** The command and its arguments, by way of env(1), which takes the variable out and becomes the program. */
export function plainCommand(
  program: string,
  args: readonly string[],
): readonly [command: string, args: string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', program, ...args]];
}
