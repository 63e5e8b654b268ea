package glia.text.tokenizer;

import java.util.BitSet;
import java.util.List;

/// The syntax tree of a regular expression.
sealed interface RegexNode {
    /// One code point of a set.
    record Chars(BitSet set) implements RegexNode { }

    /// A position before (`ahead`) or after a code point of a set, or at the end or start of the text.
    ///
    /// @param atEdge whether the position may be the end of the text, or its start if not `ahead`
    record Assertion(boolean ahead, BitSet set, boolean atEdge) implements RegexNode { }

    /// All parts, one after the other.
    record Concatenation(List<RegexNode> parts) implements RegexNode { }

    /// One of several choices, the first that leads to a match.
    record Alternation(List<RegexNode> choices) implements RegexNode { }

    /// A repeated expression.
    ///
    /// @param max the largest number of repetitions; [#UNBOUNDED] for no limit
    /// @param greedy whether more repetitions are tried before fewer
    record Repetition(RegexNode body, int min, int max, boolean greedy) implements RegexNode {
        static final int UNBOUNDED = -1;
    }

    /// The expression that matches the empty text.
    RegexNode EMPTY = new Concatenation(List.of());

    /// Whether the expression can match the empty text.
    default boolean isNullable() {
        return switch (this) {
            case Chars chars -> false;
            case Assertion assertion -> true;
            case Concatenation all -> all.parts().stream().allMatch(RegexNode::isNullable);
            case Alternation any -> any.choices().stream().anyMatch(RegexNode::isNullable);
            case Repetition repetition -> repetition.min() == 0 || repetition.body().isNullable();
        };
    }
}
