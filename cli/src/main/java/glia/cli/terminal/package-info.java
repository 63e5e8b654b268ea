/// The terminal: colours, wrapping of words, progress, tables.
///
/// Begin with [Console] and [Output].
package glia.cli.terminal;
