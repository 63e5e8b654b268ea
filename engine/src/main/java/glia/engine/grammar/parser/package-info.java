/// Lexer and Earley parser over the bytes of tokens, built as they are used.
///
/// Begin with [Earley] and [Automaton].
///
/// Source: Earley's algorithm, https://doi.org/10.1145/362007.362035
package glia.engine.grammar.parser;
