package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import java.util.ArrayList;
import java.util.List;

/// Reads a regular expression in the syntax of ECMA-262, which JSON schema prescribes, with the flag `u` and
/// optionally `i` and `s`.
final class PatternParser extends PatternScanner {
    private boolean ignoresCase;
    private boolean dotIsAll;
    private boolean hasLines;
    private boolean isVerbose;
    private int depth;

    /// @param place where the pattern is, for errors
    /// @param flags of `i` (ignore case), `s` (a dot matches every character), `u`, `m` (refused where it matters) and
    ///     `x` (skip white space and comments)
    PatternParser(String source, String place, String flags) {
        super(source, place);
        for (char flag : flags.toCharArray()) {
            switch (flag) {
                case 'i' -> ignoresCase = true;
                case 's' -> dotIsAll = true;
                case 'u' -> { }
                case 'm' -> hasLines = true;
                case 'x' -> isVerbose = true;
                default -> throw GrammarException.unsupported(place, "flag " + flag + " of a regular expression");
            }
        }
    }

    Pattern parse() {
        if (source().matches("(?s)\\(\\?[is]+\\).*")) {
            take("(?");
            flags();
            take(")");
        }
        Pattern all = choice();
        if (peek() >= 0) {
            throw invalid("found ')' without '('");
        }
        return all;
    }

    private Pattern choice() {
        if (++depth > GrammarLimits.DEPTH) {
            throw GrammarException.limit("nested groups in a pattern", GrammarLimits.DEPTH);
        }
        List<Pattern> parts = new ArrayList<>();
        do {
            parts.add(sequence());
        } while (take("|"));
        depth--;
        return parts.size() == 1 ? parts.get(0) : new Pattern.Choice(parts);
    }

    private Pattern sequence() {
        List<Pattern> parts = new ArrayList<>();
        boolean hasEnd = false;
        while (goesOn()) {
            Pattern one = repeated(atom());
            if (one instanceof Pattern.Anchor && !parts.isEmpty() && parts.getLast().equals(one)) {
                continue;
            }
            if (Pattern.hasAnchor(one, false) && hasEnd) {
                throw unsupported("'^' after '$'");
            }
            hasEnd |= Pattern.hasAnchor(one, true);
            parts.add(one);
        }
        return parts.size() == 1 ? parts.get(0) : new Pattern.Sequence(parts);
    }

    /// Whether a sequence goes on, after white space and comments with the flag `x`.
    private boolean goesOn() {
        skip();
        return peek() >= 0 && peek() != '|' && peek() != ')';
    }

    private void skip() {
        while (isVerbose && peek() >= 0 && (peek() == '#' || Character.isWhitespace(peek()))) {
            boolean isComment = next() == '#';
            while (isComment && peek() >= 0 && peek() != '\n') {
                next();
            }
        }
    }

    private Pattern repeated(Pattern atom) {
        Pattern all = atom;
        boolean repeated = false;
        while (true) {
            skip();
            int start = position();
            int min;
            int max;
            if (take("*")) {
                min = 0;
                max = Regex.UNBOUNDED;
            } else if (take("+")) {
                min = 1;
                max = Regex.UNBOUNDED;
            } else if (take("?")) {
                min = 0;
                max = 1;
            } else if (take("{")) {
                min = number();
                max = take(",") ? peek() == '}' ? Regex.UNBOUNDED : number() : min;
                if (min < 0 || max < 0 || !take("}")) {
                    // The brace stands for itself.
                    back(start);
                    return all;
                }
            } else {
                return all;
            }
            if (min > max) {
                throw invalid("found a repetition of " + min + " to " + max);
            }
            if (repeated || all instanceof Pattern.Anchor || all instanceof Pattern.Lookahead) {
                throw invalid("found a repetition of nothing");
            }
            boolean isLazy = take("?");
            if (peek() == '+') {
                throw unsupported("the possessive repetition '+'");
            }
            all = new Pattern.Repeat(all, min, max, isLazy);
            repeated = true;
        }
    }

    private Pattern atom() {
        if (take("(")) {
            return group();
        }
        if (take("[")) {
            return characters(set());
        }
        if (take(".")) {
            return new Pattern.Characters(dotIsAll ? CodePoints.ALL : CodePoints.DOT);
        }
        if (peek() == '^' || peek() == '$') {
            if (hasLines) {
                throw unsupported("the flag m with '^' or '$'");
            }
            return new Pattern.Anchor(next() == '$');
        }
        if (take("\\")) {
            return escape();
        }
        int c = peek();
        if (c == '*' || c == '+' || c == '?') {
            throw invalid("found a repetition of nothing");
        }
        next();
        return characters(CodePoints.of(c, c));
    }

    private Pattern characters(CodePoints set) {
        return new Pattern.Characters(ignoresCase ? set.ignoringCase() : set);
    }

    /// Flags that hold until the end of a group.
    private void flags() {
        while (peek() == 'i' || peek() == 's') {
            ignoresCase |= peek() == 'i';
            dotIsAll |= next() == 's';
        }
    }

    private Pattern group() {
        boolean look = false;
        boolean negated = false;
        boolean ignoredCase = ignoresCase;
        boolean dotWasAll = dotIsAll;
        if (take("?")) {
            negated = take("!");
            look = negated || take("=");
            if (take("<=") || take("<!")) {
                throw unsupported("a lookbehind");
            } else if (take("<") || take("P<")) {
                while (peek() >= 0 && peek() != '>') {
                    next();
                }
                next();
            } else if (!look) {
                int kind = peek();
                flags();
                if (!take(":")) {
                    throw unsupported("the group '(?" + (kind < 0 ? "" : Character.toString(kind)) + "'");
                }
            }
        }
        Pattern inner = choice();
        ignoresCase = ignoredCase;
        dotIsAll = dotWasAll;
        if (!take(")")) {
            throw invalid("found no ')' to end a group");
        }
        // A group of an anchor may be repeated, unlike the anchor.
        return look ? new Pattern.Lookahead(inner, negated, quoted())
                : inner instanceof Pattern.Anchor ? new Pattern.Sequence(List.of(inner)) : inner;
    }

    private Pattern escape() {
        int c = peek();
        if (c == 'b' || c == 'B') {
            throw unsupported("the word boundary \\" + (char) c);
        }
        if (c >= '1' && c <= '9' || c == 'k') {
            throw unsupported("a back-reference");
        }
        if (c == 'A' || c == 'Z' || c == 'z') {
            next();
            return new Pattern.Anchor(c != 'A');
        }
        return characters(escaped());
    }

    /// The characters after a backslash.
    private CodePoints escaped() {
        if (peek() < 0) {
            throw invalid("found a backslash at the end");
        }
        int c = next();
        switch (c) {
            case 'd' -> {
                return CodePoints.DIGITS;
            }
            case 'D' -> {
                return CodePoints.DIGITS.complement();
            }
            case 'w' -> {
                return CodePoints.WORD;
            }
            case 'W' -> {
                return CodePoints.WORD.complement();
            }
            case 's' -> {
                return CodePoints.SPACE;
            }
            case 'S' -> {
                return CodePoints.SPACE.complement();
            }
            case 'p', 'P' -> {
                CodePoints set = property();
                return c == 'p' ? set : set.complement();
            }
            default -> {
                int one = switch (c) {
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    case 't' -> '\t';
                    case 'f' -> '\f';
                    case 'v' -> 0x0B;
                    case 'a' -> 7;
                    case 'e' -> 0x1B;
                    case '0' -> 0;
                    case 'b' -> '\b';
                    case 'x' -> hex(2);
                    case 'u' -> unicode();
                    case 'c' -> control();
                    default -> c;
                };
                boolean isLetter = one == c && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z');
                if (isLetter || one >= Character.MIN_SURROGATE && one <= Character.MAX_SURROGATE) {
                    throw unsupported("the escape \\" + (char) c);
                }
                return CodePoints.of(one, one);
            }
        }
    }

    private CodePoints property() {
        StringBuilder name = new StringBuilder();
        if (take("{")) {
            while (peek() >= 0 && peek() != '}') {
                name.appendCodePoint(next());
            }
            if (!take("}")) {
                throw invalid("found no '}' to end a property");
            }
        } else if (peek() >= 0) {
            name.appendCodePoint(next());
        }
        CodePoints set = CodePoints.category(name.toString());
        if (set == null) {
            throw unsupported("the property \\p{" + name + "}");
        }
        return set;
    }

    private CodePoints set() {
        boolean negated = take("^");
        List<CodePoints> sets = new ArrayList<>();
        while (peek() != ']') {
            if (peek() < 0) {
                throw invalid("found no ']' to end a set");
            }
            if (sees("[:")) {
                throw unsupported("a POSIX class '[:…:]'");
            }
            int start = position();
            CodePoints first = one();
            if (peek() == '-' && isFollowed(']')) {
                next();
                CodePoints last = one();
                if (!first.isOne() || !last.isOne()) {
                    // "[\w-.]": the hyphen stands for itself.
                    sets.addAll(List.of(first, last, CodePoints.of('-', '-')));
                    continue;
                }
                if (first.bounds()[0] > last.bounds()[0]) {
                    back(start);
                    throw invalid("found a range whose first character is after its last");
                }
                sets.add(CodePoints.of(first.bounds()[0], last.bounds()[0]));
            } else {
                sets.add(first);
            }
        }
        next();
        CodePoints all = CodePoints.union(sets);
        CodePoints folded = ignoresCase ? all.ignoringCase() : all;
        return negated ? folded.complement() : folded;
    }

    private CodePoints one() {
        if (take("\\")) {
            return escaped();
        }
        int c = next();
        return CodePoints.of(c, c);
    }
}
