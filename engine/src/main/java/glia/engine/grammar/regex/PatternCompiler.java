package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import java.util.ArrayList;
import java.util.List;

/// Turns regular expressions over characters into those over bytes.
public final class PatternCompiler {
    private final CharacterEncoder encoder;
    private final RegexPool pool;

    /// @param encoder the encoded form of each character
    public PatternCompiler(CharacterEncoder encoder) {
        this.encoder = encoder;
        this.pool = encoder.pool();
    }

    /// Matches the texts in which a pattern matches anywhere, as JSON schema's `pattern` does: `^` and `$` are the ends
    /// of the text.
    ///
    /// @param place where the pattern is, for errors
    /// @throws GrammarException if it is invalid or not supported
    public Regex search(String pattern, String place) {
        return matching(new PatternParser(pattern, place, "").parse(), place, true);
    }

    /// Matches the texts that a pattern matches as a whole.
    ///
    /// @param place where the pattern is, for errors
    /// @param flags of `i` (ignore the case of ASCII letters) and `s` (a dot matches every character)
    /// @throws GrammarException if it is invalid or not supported
    public Regex whole(String pattern, String place, String flags) {
        return matching(new PatternParser(pattern, place, flags).parse(), place, false);
    }

    /// The texts of a pattern as a token of a lexer, for which it matters that a repetition is lazy.
    ///
    /// @param place where the pattern is, for errors
    /// @param flags of `i`, `s`, `m` and `x`
    /// @throws GrammarException if it is invalid or not supported
    public TokenRegex token(String pattern, String place, String flags) {
        Pattern read = new PatternParser(pattern, place, flags).parse();
        boolean hasConditions = hasConditions(read);
        if (hasConditions && isLazy(read)) {
            throw GrammarException.unsupported(place, "a lazy repetition beside '^', '$' or a lookahead in the regular "
                    + "expression '" + pattern + "'");
        }
        return hasConditions ? TokenRegex.of(matching(read, place, false), pool) : token(read);
    }

    private TokenRegex token(Pattern pattern) {
        if (!isLazy(pattern)) {
            return pattern instanceof Pattern.Sequence s ? greedy(s.parts()) : greedy(List.of(pattern));
        }
        return switch (pattern) {
            case Pattern.Sequence s -> {
                List<TokenRegex> all = new ArrayList<>();
                int from = 0;
                for (int i = 0; i <= s.parts().size(); i++) {
                    if (i == s.parts().size() || isLazy(s.parts().get(i))) {
                        all.add(greedy(s.parts().subList(from, i)));
                        if (i < s.parts().size()) {
                            all.add(token(s.parts().get(i)));
                        }
                        from = i + 1;
                    }
                }
                yield TokenRegex.concat(all, pool);
            }
            case Pattern.Choice c -> TokenRegex.or(c.parts().stream().map(this::token).toList(), pool);
            case Pattern.Repeat r -> token(r.part()).repeat(r.min(), r.max(), r.isLazy(), pool);
            default -> throw new IllegalStateException("not lazy");
        };
    }

    /// A sequence without lazy repetitions: its end may be a repetition that goes on as long as it matches.
    private TokenRegex greedy(List<Pattern> parts) {
        int end = parts.size();
        while (end > 0 && parts.get(end - 1) instanceof Pattern.Repeat r && r.min() == 0) {
            end--;
        }
        List<TokenRegex> all = new ArrayList<>();
        boolean isRepeated = end > 0 && parts.get(end - 1) instanceof Pattern.Repeat;
        int fixed = isRepeated ? end - 1 : end;
        all.add(TokenRegex.of(plain(new Pattern.Sequence(parts.subList(0, fixed)), ""), pool));
        for (Pattern part : parts.subList(fixed, parts.size())) {
            Pattern.Repeat r = (Pattern.Repeat) part;
            all.add(TokenRegex.of(plain(r.part(), ""), pool).repeat(r.min(), r.max(), false, pool));
        }
        return TokenRegex.concat(all, pool);
    }

    private static boolean isLazy(Pattern pattern) {
        GrammarBudget.current().step();
        return switch (pattern) {
            case Pattern.Sequence s -> s.parts().stream().anyMatch(PatternCompiler::isLazy);
            case Pattern.Choice c -> c.parts().stream().anyMatch(PatternCompiler::isLazy);
            case Pattern.Repeat r -> r.isLazy() && r.min() != r.max() || isLazy(r.part());
            case Pattern.Lookahead look -> isLazy(look.part());
            case Pattern.Characters _, Pattern.Anchor _ -> false;
        };
    }

    private static boolean hasConditions(Pattern pattern) {
        return switch (pattern) {
            case Pattern.Sequence s -> s.parts().stream().anyMatch(PatternCompiler::hasConditions);
            case Pattern.Choice c -> c.parts().stream().anyMatch(PatternCompiler::hasConditions);
            case Pattern.Repeat r -> hasConditions(r.part());
            case Pattern.Characters _ -> false;
            case Pattern.Anchor _, Pattern.Lookahead _ -> true;
        };
    }

    private Regex matching(Pattern pattern, String place, boolean anywhere) {
        if (pattern instanceof Pattern.Choice choice) {
            return pool.or(choice.parts().stream().map(p -> matching(p, place, anywhere)).toList());
        }
        List<Regex> looked = new ArrayList<>();
        Pattern rest = takeLookaheads(pattern, place, anywhere, looked);
        Pattern begun = Pattern.at(rest, false);
        Regex any = anywhere ? pool.star(encoder.any()) : pool.epsilon();
        Regex all = pool.or(pool.concat(any, plain(rest, place), any), pool.concat(plain(begun, place), any),
                pool.concat(any, plain(Pattern.at(rest, true), place)), plain(Pattern.at(begun, true), place));
        if (looked.isEmpty()) {
            return all;
        }
        looked.add(all);
        return pool.and(looked);
    }

    /// Removes lookaheads at the begin of the text.
    private Pattern takeLookaheads(Pattern pattern, String place, boolean anywhere, List<Regex> looked) {
        if (pattern instanceof Pattern.Lookahead) {
            return takeLookaheads(new Pattern.Sequence(List.of(pattern)), place, anywhere, looked);
        }
        if (!(pattern instanceof Pattern.Sequence s) || s.parts().isEmpty()) {
            return pattern;
        }
        Pattern begin = new Pattern.Anchor(false);
        boolean anchored = s.parts().get(0).equals(begin);
        int i = anchored ? 1 : 0;
        for (; i < s.parts().size() && s.parts().get(i) instanceof Pattern.Lookahead look; i++) {
            if (!anchored && anywhere) {
                throw GrammarException.unsupported(place, "a lookahead that is not at the begin of the text, after '^',"
                        + " in the regular expression " + look.place());
            }
            Regex follows = matching(new Pattern.Sequence(List.of(begin, look.part())), place, true);
            looked.add(look.isNegated() ? pool.not(follows) : follows);
        }
        if (looked.isEmpty()) {
            return pattern;
        }
        List<Pattern> rest = new ArrayList<>(s.parts().subList(i, s.parts().size()));
        rest.add(0, begin);
        return new Pattern.Sequence(rest);
    }

    /// Without anchors: what contains one matches nothing.
    private Regex plain(Pattern pattern, String place) {
        return switch (pattern) {
            case Pattern.Characters c -> encoder.characters(c.set());
            case Pattern.Sequence s -> pool.concat(s.parts().stream().map(p -> plain(p, place))
                    .toArray(Regex[]::new));
            case Pattern.Choice c -> pool.or(c.parts().stream().map(p -> plain(p, place)).toList());
            case Pattern.Repeat r -> pool.repeat(plain(r.part(), place), r.min(), r.max());
            case Pattern.Anchor _ -> pool.empty();
            case Pattern.Lookahead look -> throw GrammarException.unsupported(place, "a lookahead that is not at the "
                    + "begin of the text in the regular expression " + look.place());
        };
    }
}
