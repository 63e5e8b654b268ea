/// The conversation in the terminal: input lines, commands such as `/help`, approval of tools.
///
/// Begin with [ChatLoop] and [ChatCommands].
package glia.cli.chat;
