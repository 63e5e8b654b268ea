/// The command line: options and arguments of the commands, help texts, completion in shells.
///
/// Begin with [Program] and [Option].
package glia.cli.args;
