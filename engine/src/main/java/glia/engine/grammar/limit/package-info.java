/// Limits of memory, steps and time for compiling and running grammars, and their errors.
///
/// Begin with [GrammarLimits] and [GrammarBudget].
package glia.engine.grammar.limit;
