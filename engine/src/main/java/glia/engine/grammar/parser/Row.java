package glia.engine.grammar.parser;

import java.util.HashMap;
import java.util.Map;

/// A set of items of the [Earley] parser between two lexemes: states of rules, each with its [Return]. A row never
/// changes, and equal rows are one object, so rows form a graph in which texts of equal meaning meet.
final class Row {
    final int id;
    final State[] states;
    /// Where the parser goes on when each state's rule has ended.
    final Return[] returns;
    /// Whether the text is complete here.
    final boolean isComplete;
    final LexState start;
    /// The items of all rows that a text needs up to this one.
    final int textItems;
    /// The rows after sets of lexemes; of use while `epoch` is the parser's.
    private final Map<Accepted, Row> next = new HashMap<>();
    int epoch;

    Row(int id, int epoch, State[] states, Return[] returns, boolean isComplete, LexState start, int textItems) {
        this.id = id;
        this.epoch = epoch;
        this.states = states;
        this.returns = returns;
        this.isComplete = isComplete;
        this.start = start;
        this.textItems = textItems;
    }

    Map<Accepted, Row> next() {
        return next;
    }

    /// Where the parser goes on when a rule has ended: with the items of a row that step over the rule. Where a rule
    /// ends with another one (a tail call), the latter gets the return of the former. So right recursion, as in
    /// `list ::= "x" list | "x"`, has the same items after each element, and completing it takes one step, as in
    /// [Leo's parser](https://doi.org/10.1016/0304-3975(91)90180-A).
    static final class Return {
        final int id;
        final Nonterminal rule;
        /// The row in which the rule began; null while that row is made.
        Row row;

        Return(int id, Nonterminal rule) {
            this.id = id;
            this.rule = rule;
        }
    }
}
