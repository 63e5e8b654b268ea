package glia.engine.grammar.parser;

/// Where the parser goes on when a rule has ended: with the items of a row that step over the rule. Where a rule ends
/// with another one (a tail call), the latter gets the return of the former. So right recursion, as in
/// `list ::= "x" list | "x"`, has the same items after each element, and completing it takes one step, as in
/// [Leo's parser](https://doi.org/10.1016/0304-3975(91)90180-A).
final class Return {
    final int id;
    final Nonterminal rule;
    /// The row in which the rule began; null while that row is made.
    Row row;

    Return(int id, Nonterminal rule) {
        this.id = id;
        this.rule = rule;
    }
}
