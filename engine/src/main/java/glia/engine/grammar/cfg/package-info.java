/// Reads GBNF and Lark grammars into rules of the parser.
///
/// Begin with [Gbnf] and [Lark].
package glia.engine.grammar.cfg;
