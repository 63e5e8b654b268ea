package glia.engine.grammar.regex;

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
            case Pattern.Anchor a -> pool.empty();
            case Pattern.Lookahead look -> throw GrammarException.unsupported(place, "a lookahead that is not at the "
                    + "begin of the text in the regular expression " + look.place());
        };
    }
}
