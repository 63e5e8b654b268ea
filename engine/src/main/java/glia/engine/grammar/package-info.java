/// Structured output: which tokens may follow, by a JSON schema, a pattern, choices or a grammar.
///
/// Begin with [Grammar] and [GrammarMask].
///
/// Source: Efficient guided generation, https://arxiv.org/abs/2307.09702
package glia.engine.grammar;
