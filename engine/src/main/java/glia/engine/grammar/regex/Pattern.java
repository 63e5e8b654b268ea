package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarBudget;
import java.util.ArrayList;
import java.util.List;

/// The syntax tree of a regular expression over characters, read by [PatternParser].
sealed interface Pattern {
    /// One character of a set; nothing if the set is empty.
    record Characters(CodePoints set) implements Pattern { }

    /// One after the other; the empty text if there is none.
    record Sequence(List<Pattern> parts) implements Pattern { }

    /// One of several.
    record Choice(List<Pattern> parts) implements Pattern { }

    /// A number of repetitions.
    ///
    /// @param isLazy whether few are tried first, which matters where a match ends within a longer text
    record Repeat(Pattern part, int min, int max, boolean isLazy) implements Pattern { }

    /// The begin or the end of the text: `^`, `$`.
    record Anchor(boolean isEnd) implements Pattern { }

    /// What must follow, or must not: `(?=…)`, `(?!…)`.
    record Lookahead(Pattern part, boolean isNegated, String place) implements Pattern { }

    Pattern NOTHING = new Characters(CodePoints.NONE);
    Pattern EMPTY = new Sequence(List.of());

    /// Whether a pattern has an anchor of a kind.
    static boolean hasAnchor(Pattern pattern, boolean end) {
        GrammarBudget.current().step();
        return switch (pattern) {
            case Anchor a -> a.isEnd == end;
            case Sequence s -> s.parts.stream().anyMatch(p -> hasAnchor(p, end));
            case Choice c -> c.parts.stream().anyMatch(p -> hasAnchor(p, end));
            case Repeat r -> hasAnchor(r.part, end);
            default -> false;
        };
    }

    /// Whether a pattern matches the empty text at the begin, or the end, of a text.
    private static boolean isEmptyAt(Pattern pattern, boolean end) {
        return switch (pattern) {
            case Anchor a -> a.isEnd == end;
            case Sequence s -> s.parts.stream().allMatch(p -> isEmptyAt(p, end));
            case Choice c -> c.parts.stream().anyMatch(p -> isEmptyAt(p, end));
            case Repeat r -> r.min == 0 || isEmptyAt(r.part, end);
            default -> false;
        };
    }

    /// The pattern at the begin, or the end, of a text: anchors that stand there match. Others remain.
    static Pattern at(Pattern pattern, boolean end) {
        GrammarBudget.current().step();
        if (!hasAnchor(pattern, end)) {
            return pattern;
        }
        return switch (pattern) {
            case Anchor _ -> EMPTY;
            case Choice c -> choice(c.parts.stream().map(p -> at(p, end)).toList());
            case Repeat r -> {
                int least = isEmptyAt(r.part, end) ? 0 : Math.max(0, r.min - 1);
                Pattern rest = new Repeat(r.part, least, r.max == Regex.UNBOUNDED ? r.max : Math.max(0, r.max - 1),
                        r.isLazy);
                Pattern one = at(r.part, end);
                Pattern some = end ? sequence(rest, one) : sequence(one, rest);
                yield r.max == 0 ? EMPTY : r.min == 0 ? choice(List.of(EMPTY, some)) : some;
            }
            case Sequence s -> {
                List<Pattern> alternatives = new ArrayList<>();
                int n = s.parts.size();
                boolean goesOn = true;
                for (int k = 0; k < n && goesOn; k++) {
                    GrammarBudget.current().bytes(24L * n);
                    int i = end ? n - 1 - k : k;
                    Pattern one = at(s.parts.get(i), end);
                    List<Pattern> rest = end ? new ArrayList<>(s.parts.subList(0, i))
                            : new ArrayList<>(s.parts.subList(i + 1, n));
                    rest.add(end ? rest.size() : 0, one);
                    alternatives.add(sequence(rest.toArray(Pattern[]::new)));
                    goesOn = isEmptyAt(s.parts.get(i), end);
                }
                if (goesOn) {
                    alternatives.add(EMPTY);
                }
                yield choice(alternatives);
            }
            default -> pattern;
        };
    }

    private static Pattern sequence(Pattern... parts) {
        for (Pattern part : parts) {
            if (part.equals(NOTHING)) {
                return NOTHING;
            }
        }
        return new Sequence(List.of(parts));
    }

    private static Pattern choice(List<Pattern> parts) {
        List<Pattern> left = parts.stream().filter(p -> !p.equals(NOTHING)).toList();
        return left.isEmpty() ? NOTHING : left.size() == 1 ? left.get(0) : new Choice(left);
    }
}
