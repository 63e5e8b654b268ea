package glia.text.tokenizer;

import glia.text.tokenizer.RegexNode.Alternation;
import glia.text.tokenizer.RegexNode.Assertion;
import glia.text.tokenizer.RegexNode.Chars;
import glia.text.tokenizer.RegexNode.Concatenation;
import glia.text.tokenizer.RegexNode.Repetition;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/// Parses regular expressions in the syntax of Oniguruma, the engine of the native library. Constructs whose matching
/// time the analysis of [RegexCost] does not cover are refused by name: back references, calls, conditions, callouts,
/// look-around of more than one character, possessive groups, options other than `(?i:...)`.
///
/// Source: Oniguruma, doc/RE and doc/SYNTAX.md (syntax ONIG_SYNTAX_ONIGURUMA).
final class RegexParser {
    private static final int MAX_DEPTH = 50;
    private static final int MAX_REPEAT = 1000;
    /// Pairs of letters that may match one character if case is ignored, such as `ß` or `ﬁ`.
    private static final List<String> FOLDED_PAIRS = List.of("ss", "ff", "fi", "fl", "st");

    private final RegexInput in;
    private final RegexSetParser sets;
    private boolean ignoreCase;
    private int depth;

    private RegexParser(String regex) {
        in = new RegexInput(regex);
        sets = new RegexSetParser(in, new CodePointSets());
    }

    /// @throws IllegalArgumentException if the expression is malformed or has a construct that is not analyzed; the
    ///     message says which and where
    static RegexNode parse(String regex) {
        RegexParser parser = new RegexParser(regex);
        RegexNode node = parser.alternation();
        if (!parser.in.isAtEnd()) {
            throw parser.in.error("an unmatched ')'");
        }
        return node;
    }

    private RegexNode alternation() {
        if (++depth > MAX_DEPTH) {
            throw in.error("more than " + MAX_DEPTH + " nested groups");
        }
        List<RegexNode> choices = new ArrayList<>();
        do {
            choices.add(concatenation());
        } while (in.accept('|'));
        depth--;
        return choices.size() == 1 ? choices.getFirst() : new Alternation(choices);
    }

    private RegexNode concatenation() {
        List<RegexNode> parts = new ArrayList<>();
        int previous = 0;
        while (!in.isAtEnd() && in.peek() != '|' && in.peek() != ')') {
            int c = in.peek();
            if (ignoreCase && FOLDED_PAIRS.contains((Character.toString(previous) + Character.toString(c))
                    .toLowerCase(Locale.ROOT))) {
                throw in.error("letters that match a ligature if case is ignored");
            }
            previous = c;
            parts.add(quantified(atom()));
        }
        return parts.size() == 1 ? parts.getFirst() : new Concatenation(parts);
    }

    private RegexNode atom() {
        int c = in.next();
        return switch (c) {
            case '(' -> group();
            case '[' -> chars(sets.bracket());
            case '\\' -> escape();
            case '.' -> new Chars(CodePointSets.complement(CodePointSets.of('\n')));
            case '^' -> new Assertion(false, CodePointSets.of('\n'), true);
            case '$' -> new Assertion(true, CodePointSets.of('\n'), true);
            case '*', '+', '?' -> throw in.error("a quantifier without an expression");
            default -> chars(CodePointSets.of(c));
        };
    }

    private Chars chars(BitSet set) {
        if (!ignoreCase) {
            return new Chars(set);
        }
        if (set.length() > 0x80) {
            throw in.error("a character or set outside ASCII whose case is ignored");
        }
        BitSet folded = (BitSet) set.clone();
        set.stream().filter(Character::isLetter).forEach(c -> {
            folded.set(Character.toLowerCase(c));
            folded.set(Character.toUpperCase(c));
            if (Character.toLowerCase(c) == 's') {
                folded.set('ſ');
            } else if (Character.toLowerCase(c) == 'k') {
                folded.set('\u212A');
            }
        });
        return new Chars(folded);
    }

    private RegexNode escape() {
        int c = in.peek();
        switch (c) {
            case 'b', 'B' -> {
                in.next();
                BitSet word = sets.known().word();
                BitSet other = CodePointSets.complement(word);
                RegexNode wordBefore = new Assertion(false, word, false);
                RegexNode otherBefore = new Assertion(false, other, true);
                RegexNode wordAfter = new Assertion(true, word, false);
                RegexNode otherAfter = new Assertion(true, other, true);
                return c == 'b' ? either(wordBefore, otherAfter, otherBefore, wordAfter)
                        : either(wordBefore, wordAfter, otherBefore, otherAfter);
            }
            case 'A' -> {
                in.next();
                return new Assertion(false, new BitSet(), true);
            }
            case 'z' -> {
                in.next();
                return new Assertion(true, new BitSet(), true);
            }
            default -> {
                return chars(sets.escape());
            }
        }
    }

    private static RegexNode either(RegexNode a, RegexNode b, RegexNode c, RegexNode d) {
        return new Alternation(List.of(new Concatenation(List.of(a, b)), new Concatenation(List.of(c, d))));
    }

    private RegexNode group() {
        boolean outer = ignoreCase;
        RegexNode node;
        if (!in.accept('?')) {
            if (in.accept('*')) {
                throw in.error("a callout '(*'");
            }
            node = alternation();
        } else if (in.accept(':')) {
            node = alternation();
        } else if (in.accept("i:")) {
            ignoreCase = true;
            node = alternation();
        } else if (in.accept("=")) {
            node = lookAround(alternation(), true, false);
        } else if (in.accept("!")) {
            node = lookAround(alternation(), true, true);
        } else if (in.accept("<=")) {
            node = lookAround(alternation(), false, false);
        } else if (in.accept("<!")) {
            node = lookAround(alternation(), false, true);
        } else {
            throw in.error("the group '(?" + (char) Math.min(in.peek(), '~') + "'");
        }
        ignoreCase = outer;
        if (!in.accept(')')) {
            throw in.error("a group without ')'");
        }
        return node;
    }

    private Assertion lookAround(RegexNode inner, boolean ahead, boolean negated) {
        BitSet set = new BitSet();
        boolean atEdge = false;
        for (RegexNode choice : inner instanceof Alternation any ? any.choices() : List.of(inner)) {
            if (choice instanceof Chars chars) {
                set.or(chars.set());
            } else if (choice instanceof Assertion assertion && assertion.ahead() == ahead) {
                set.or(assertion.set());
                atEdge |= assertion.atEdge();
            } else {
                throw in.error("a look-around of more than one character");
            }
        }
        return negated ? new Assertion(ahead, CodePointSets.complement(set), !atEdge)
                : new Assertion(ahead, set, atEdge);
    }

    private RegexNode quantified(RegexNode atom) {
        RegexNode node = atom;
        while (!in.isAtEnd()) {
            int min = 0;
            int max = Repetition.UNBOUNDED;
            boolean interval = false;
            if (in.accept('?')) {
                max = 1;
            } else if (in.accept('+')) {
                min = 1;
            } else if (!in.accept('*')) {
                int[] bounds = in.interval(MAX_REPEAT);
                if (bounds == null) {
                    return node;
                }
                min = bounds[0];
                max = bounds[1];
                interval = true;
            }
            node = interval ? interval(node, min, max) : repeated(node, min, max);
        }
        return node;
    }

    private RegexNode interval(RegexNode body, int min, int max) {
        if (max != Repetition.UNBOUNDED && (max < min || max == 0)) {
            throw in.error("an interval {n,m} with m below n or 0");
        }
        if (in.accept('?')) {
            if (min == max) {
                throw in.error("a lazy interval {n}?");
            }
            return repetition(body, min, max, false);
        }
        return repetition(body, min, max, true);
    }

    private RegexNode repeated(RegexNode body, int min, int max) {
        if (in.accept('?')) {
            return repetition(body, min, max, false);
        }
        RegexNode greedy = repetition(body, min, max, true);
        if (!in.accept('+')) {
            return greedy;
        }
        if (!(body instanceof Chars chars)) {
            throw in.error("a possessive group");
        }
        // No more characters may follow: X++ is X+(?!X), X?+ is X|(?!X).
        RegexNode none = new Assertion(true, CodePointSets.complement(chars.set()), true);
        return max == 1 ? new Alternation(List.of(body, none)) : new Concatenation(List.of(greedy, none));
    }

    private RegexNode repetition(RegexNode body, int min, int max, boolean greedy) {
        if (body.isNullable() && max != 1) {
            throw in.error("a repetition of what can be empty");
        }
        return new Repetition(body, min, max, greedy);
    }
}
