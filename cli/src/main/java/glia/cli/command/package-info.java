/// One class for each command, and what it prints.
///
/// Begin with [Command] and [RunCommand].
package glia.cli.command;
