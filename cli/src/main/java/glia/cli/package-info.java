/// The `glia` command: it starts, finds the command, and reports errors.
///
/// Begin with [Main] and [Cli].
package glia.cli;
