package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import java.util.ArrayList;
import java.util.List;

/// Reads a regular expression in the syntax of ECMA-262, which JSON schema prescribes, with the flag `u` and
/// optionally `i` and `s`.
final class PatternParser {
    private static final int MAX_COUNT = 100_000;

    private final int[] text;
    private final String source;
    private final String place;
    private boolean ignoresCase;
    private boolean dotIsAll;
    private int at;
    private int depth;

    /// @param place where the pattern is, for errors
    /// @param flags of `i`, `s`, `u`, `m`, `x`
    PatternParser(String source, String place, String flags) {
        this.source = source;
        this.text = source.codePoints().toArray();
        this.place = place;
        if (text.length > GrammarLimits.TEXT) {
            throw GrammarException.limit("characters in a pattern", GrammarLimits.TEXT);
        }
        for (char flag : flags.toCharArray()) {
            switch (flag) {
                case 'i' -> ignoresCase = true;
                case 's' -> dotIsAll = true;
                case 'u' -> { }
                default -> throw GrammarException.unsupported(place, "flag " + flag + " of a regular expression");
            }
        }
    }

    Pattern parse() {
        if (source.matches("(?s)\\(\\?[is]+\\).*")) {
            at = 2;
            flags();
            at++;
        }
        Pattern all = choice();
        if (at < text.length) {
            throw invalid("found ')' without '('");
        }
        return all;
    }

    private GrammarException invalid(String problem) {
        return GrammarException.invalid(place, "the regular expression " + quoted() + ", character " + (at + 1) + ": "
                + problem);
    }

    private GrammarException unsupported(String feature) {
        return GrammarException.unsupported(place, feature + " in the regular expression " + quoted());
    }

    private String quoted() {
        return "'" + (source.length() > 80 ? source.substring(0, 80) + "…" : source) + "'";
    }

    private int peek() {
        return at < text.length ? text[at] : -1;
    }

    private boolean take(String expected) {
        if (at + expected.length() > text.length) {
            return false;
        }
        for (int i = 0; i < expected.length(); i++) {
            if (text[at + i] != expected.charAt(i)) {
                return false;
            }
        }
        at += expected.length();
        return true;
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
        while (peek() >= 0 && peek() != '|' && peek() != ')') {
            Pattern one = repeated(atom());
            if (one instanceof Pattern.Anchor && !parts.isEmpty() && parts.getLast().equals(one)) {
                continue;
            }
            if (Pattern.hasAnchor(one, false) && parts.stream().anyMatch(p -> Pattern.hasAnchor(p, true))) {
                throw unsupported("'^' after '$'");
            }
            parts.add(one);
        }
        return parts.size() == 1 ? parts.get(0) : new Pattern.Sequence(parts);
    }

    private Pattern repeated(Pattern atom) {
        Pattern all = atom;
        boolean repeated = false;
        while (true) {
            int start = at;
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
                    at = start;
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
            // Lazy repetitions match the same texts.
            take("?");
            if (peek() == '+') {
                throw unsupported("the possessive repetition '+'");
            }
            all = new Pattern.Repeat(all, min, max);
            repeated = true;
        }
    }

    /// @return -1 if there is none
    private int number() {
        int start = at;
        int value = 0;
        while (peek() >= '0' && peek() <= '9') {
            value = value * 10 + text[at++] - '0';
            if (value > MAX_COUNT) {
                throw GrammarException.limit("repetitions in a pattern", MAX_COUNT);
            }
        }
        return at == start ? -1 : value;
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
        if (take("^")) {
            return new Pattern.Anchor(false);
        }
        if (take("$")) {
            return new Pattern.Anchor(true);
        }
        if (take("\\")) {
            return escape();
        }
        int c = peek();
        if (c == '*' || c == '+' || c == '?') {
            throw invalid("found a repetition of nothing");
        }
        at++;
        return characters(CodePoints.of(c, c));
    }

    private Pattern characters(CodePoints set) {
        return new Pattern.Characters(ignoresCase ? set.ignoringCase() : set);
    }

    /// Flags that hold until the end of a group.
    private void flags() {
        while (peek() == 'i' || peek() == 's') {
            ignoresCase |= peek() == 'i';
            dotIsAll |= peek() == 's';
            at++;
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
                    at++;
                }
                at++;
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
        return look ? new Pattern.Lookahead(inner, negated, quoted()) : inner;
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
            at++;
            return new Pattern.Anchor(c != 'A');
        }
        return characters(escaped());
    }

    /// The characters after a backslash.
    private CodePoints escaped() {
        if (at >= text.length) {
            throw invalid("found a backslash at the end");
        }
        int c = text[at++];
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
                    case 'c' -> text[at++] & 0x1F;
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
                name.appendCodePoint(text[at++]);
            }
            at++;
        } else if (peek() >= 0) {
            name.appendCodePoint(text[at++]);
        }
        CodePoints set = CodePoints.category(name.toString());
        if (set == null) {
            throw unsupported("the property \\p{" + name + "}");
        }
        return set;
    }

    private int unicode() {
        if (take("{")) {
            int value = 0;
            while (Character.digit(peek(), 16) >= 0 && value <= CodePoints.LAST) {
                value = value * 16 + Character.digit(text[at++], 16);
            }
            if (!take("}") || value > CodePoints.LAST) {
                throw invalid("expected \\u{…} with a hexadecimal number of at most 10FFFF");
            }
            return value;
        }
        int high = hex(4);
        if (Character.isHighSurrogate((char) high) && take("\\u")) {
            return Character.toCodePoint((char) high, (char) hex(4));
        }
        return high;
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0) {
                throw invalid("expected " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        return value;
    }

    private CodePoints set() {
        boolean negated = take("^");
        CodePoints all = CodePoints.NONE;
        while (peek() != ']') {
            if (peek() < 0) {
                throw invalid("found no ']' to end a set");
            }
            if (peek() == '[' && at + 1 < text.length && text[at + 1] == ':') {
                throw unsupported("a POSIX class '[:…:]'");
            }
            int start = at;
            CodePoints first = one();
            if (peek() == '-' && at + 1 < text.length && text[at + 1] != ']') {
                at++;
                CodePoints last = one();
                if (!isOne(first) || !isOne(last)) {
                    // "[\w-.]": the hyphen stands for itself.
                    all = all.or(first).or(last).or(CodePoints.of('-', '-'));
                    continue;
                }
                if (first.bounds()[0] > last.bounds()[0]) {
                    at = start;
                    throw invalid("found a range whose first character is after its last");
                }
                all = all.or(CodePoints.of(first.bounds()[0], last.bounds()[0]));
            } else {
                all = all.or(first);
            }
        }
        at++;
        CodePoints folded = ignoresCase ? all.ignoringCase() : all;
        return negated ? folded.complement() : folded;
    }

    private static boolean isOne(CodePoints set) {
        return set.bounds().length == 2 && set.bounds()[0] == set.bounds()[1];
    }

    private CodePoints one() {
        if (take("\\")) {
            return escaped();
        }
        int c = text[at++];
        return CodePoints.of(c, c);
    }
}
