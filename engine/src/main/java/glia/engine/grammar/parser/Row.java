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
}
