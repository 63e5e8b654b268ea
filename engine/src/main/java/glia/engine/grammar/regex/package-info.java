/// Regular expressions over bytes, with intersection and complement, by derivatives.
///
/// Begin with [Regex] and [Pattern].
///
/// Source: Derivatives of regular expressions, https://doi.org/10.1145/321239.321249
package glia.engine.grammar.regex;
