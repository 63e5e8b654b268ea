package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarException;
import java.util.ArrayList;
import java.util.List;

/// The texts of a token of a lexer that reads the longest match, where repetitions may be lazy: `".*?"` ends at the
/// first quote after its begin. A lazy part is the shortest match of all up to it, and of what must follow it; then
/// come
/// repetitions as long as they match.
public final class TokenRegex {
    private static final int MAX_PARTS = 64;

    private final List<Part> parts;

    /// One alternative: `head tail`.
    ///
    /// @param head what must be there
    /// @param tail what may follow, the longest match
    /// @param isLazy whether `head` ends at the first place where it matches
    private record Part(Regex head, Regex tail, boolean isLazy) { }

    private TokenRegex(List<Part> parts) {
        this.parts = parts;
    }

    /// The texts of an expression, none of which is lazy.
    public static TokenRegex of(Regex regex, RegexPool pool) {
        return new TokenRegex(List.of(new Part(regex, pool.epsilon(), false)));
    }

    /// Whether a part is lazy.
    public boolean isLazy() {
        return parts.stream().anyMatch(Part::isLazy);
    }

    /// One after the other.
    public static TokenRegex concat(List<TokenRegex> all, RegexPool pool) {
        TokenRegex joined = of(pool.epsilon(), pool);
        for (TokenRegex next : all) {
            List<Part> both = new ArrayList<>();
            for (Part a : joined.parts) {
                for (Part b : next.parts) {
                    both.add(concat(a, b, pool));
                }
            }
            joined = new TokenRegex(merged(both, pool));
        }
        return joined;
    }

    private static Part concat(Part a, Part b, RegexPool pool) {
        boolean isLazy = a.isLazy || b.isLazy;
        return b.head.isEpsilon() && !b.isLazy ? new Part(a.head, pool.concat(a.tail, b.tail), isLazy)
                : new Part(pool.concat(a.head, a.tail, b.head), b.tail, isLazy);
    }

    /// One of several.
    public static TokenRegex or(List<TokenRegex> all, RegexPool pool) {
        return new TokenRegex(merged(all.stream().flatMap(one -> one.parts.stream()).toList(), pool));
    }

    /// Joins alternatives that end where they begin to match, and all that are not lazy if there are many.
    private static List<Part> merged(List<Part> parts, RegexPool pool) {
        if (parts.size() == 1) {
            return parts;
        }
        boolean many = parts.size() > MAX_PARTS;
        List<Part> left = new ArrayList<>();
        List<Regex> plain = new ArrayList<>();
        for (Part part : parts) {
            if (!part.isLazy && (many || part.tail.isEpsilon())) {
                plain.add(pool.concat(part.head, part.tail));
            } else {
                left.add(part);
            }
        }
        if (!plain.isEmpty()) {
            left.add(new Part(pool.or(plain), pool.epsilon(), false));
        }
        if (left.size() > MAX_PARTS) {
            throw GrammarException.limit("alternatives of a terminal with lazy repetitions", MAX_PARTS);
        }
        return left;
    }

    /// A number of repetitions.
    ///
    /// @param max [Regex#UNBOUNDED] for any number
    /// @param isLazy whether as few as possible
    public TokenRegex repeat(int min, int max, boolean isLazy, RegexPool pool) {
        Regex one = regex(pool);
        if (isLazy) {
            return new TokenRegex(List.of(new Part(pool.repeat(one, min, max), pool.epsilon(), true)));
        }
        int more = max == Regex.UNBOUNDED ? max : max - min;
        TokenRegex rest = new TokenRegex(List.of(new Part(pool.epsilon(), pool.repeat(one, 0, more), false)));
        return min == 0 ? rest
                : concat(List.of(of(pool.repeat(one, min - 1, min - 1), pool), this, rest), pool);
    }

    /// The expression of all these texts.
    public Regex regex(RegexPool pool) {
        return pool.or(parts.stream().map(part -> pool.concat(part.isLazy ? shortest(part.head, pool) : part.head,
                part.tail)).toList());
    }

    /// The texts of an expression of which no shorter begin is one.
    private static Regex shortest(Regex regex, RegexPool pool) {
        Regex any = pool.range(0, 255);
        return pool.and(regex, pool.not(pool.concat(regex, any, pool.star(any))));
    }
}
