package glia.engine.grammar.parser;

import java.util.HashMap;
import java.util.Map;

/// A set of items of the [Earley] parser between two lexemes: states of rules, each with the row in which the rule
/// began. A row never changes, and equal rows are one object, so rows form a graph in which texts of equal meaning
/// meet.
final class Row {
    final int id;
    final int epoch;
    final State[] states;
    /// The row in which each state's rule began; null for this one.
    final Row[] origins;
    /// Whether the text is complete here.
    final boolean isComplete;
    final LexState start;
    /// The items of all rows that a text needs up to this one.
    final int textItems;
    /// The rows after sets of lexemes, by [Accepted#id].
    private final Map<Accepted, Row> next = new HashMap<>();

    Row(int id, int epoch, State[] states, Row[] origins, boolean isComplete, LexState start, int textItems) {
        this.id = id;
        this.epoch = epoch;
        this.states = states;
        this.origins = origins;
        this.isComplete = isComplete;
        this.start = start;
        this.textItems = textItems;
    }

    Map<Accepted, Row> next() {
        return next;
    }

    Row originOf(int item) {
        Row origin = origins[item];
        return origin == null ? this : origin;
    }
}
