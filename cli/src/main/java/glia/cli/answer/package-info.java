/// Shows an answer in the terminal while it is generated: thinking, text, tool calls.
///
/// Begin with [StreamedAnswer].
package glia.cli.answer;
