package glia.engine.grammar.regex;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/// Texts as regular expressions. A long one is a chain of literals, whose derivatives take less memory. Many are their
/// prefix tree: a common beginning is there once, so its derivatives are few.
final class Texts {
    /// The most bytes of a literal.
    static final int LITERAL_BYTES = 256;
    /// Intersections with so many texts are computed at once.
    private static final int MANY = 4096;

    private final RegexPool pool;
    /// The bytes of the texts as Latin-1, sorted and distinct.
    private final List<String> texts;

    private Texts(RegexPool pool, List<String> texts) {
        this.pool = pool;
        this.texts = texts;
    }

    /// Matches one of some texts.
    static Regex of(Collection<String> texts, RegexPool pool) {
        List<String> sorted = texts.stream().map(text -> new String(text.getBytes(StandardCharsets.UTF_8),
                StandardCharsets.ISO_8859_1)).sorted().distinct().toList();
        return new Texts(pool, sorted).ends(0, sorted.size(), 0);
    }

    /// The ends, from a place on, of the texts of a range, which are equal up to there.
    private Regex ends(int from, int to, int at) {
        pool.budget().steps(to - from);
        if (from == to - 1) {
            return pool.bytes(texts.get(from).substring(at));
        }
        List<Regex> all = new ArrayList<>();
        int first = from;
        if (texts.get(from).length() == at) {
            all.add(pool.epsilon());
            first++;
        }
        while (first < to) {
            int next = first + 1;
            while (next < to && texts.get(next).charAt(at) == texts.get(first).charAt(at)) {
                next++;
            }
            int same = common(texts.get(first), texts.get(next - 1), at + 1);
            all.add(pool.concat(pool.bytes(texts.get(first).substring(at, same)), ends(first, next, same)));
            first = next;
        }
        return pool.or(all);
    }

    /// Where two texts that are equal up to a place begin to differ: the first and the last of a sorted range have in
    /// common what all have.
    private int common(String a, String b, int from) {
        int at = from;
        while (at < a.length() && at < b.length() && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        pool.budget().steps(at - from);
        return at;
    }

    /// Matches a text, its bytes as Latin-1.
    static Regex chain(String latin1, RegexPool pool) {
        Regex all = pool.epsilon();
        int from = (latin1.length() - 1) / LITERAL_BYTES * LITERAL_BYTES;
        for (int to = latin1.length(); from >= 0; from -= LITERAL_BYTES) {
            all = pool.chained(latin1.substring(from, to), all);
            to = from;
        }
        return all;
    }

    /// Whether an expression is one of a few texts.
    static boolean isFinite(Regex node) {
        return isFixed(node) || node.kind == Regex.Kind.OR && node.parts.length <= MANY
                && Arrays.stream(node.parts).allMatch(Texts::isFixed);
    }

    /// Whether an expression is a text.
    private static boolean isFixed(Regex node) {
        Regex last = node;
        while (last.kind == Regex.Kind.CONCAT && last.parts[0].kind == Regex.Kind.LITERAL) {
            last = last.parts[1];
        }
        return last.kind == Regex.Kind.LITERAL || last.kind == Regex.Kind.EPSILON;
    }

    private static String fixed(Regex node) {
        StringBuilder text = new StringBuilder();
        Regex last = node;
        for (; last.kind == Regex.Kind.CONCAT; last = last.parts[1]) {
            text.append(last.parts[0].text);
        }
        return last.kind == Regex.Kind.LITERAL ? text.append(last.text).toString() : text.toString();
    }

    /// Those of a few texts that all parts match.
    static Regex filtered(Regex texts, Regex[] parts, RegexPool pool) {
        List<Regex> left = new ArrayList<>();
        for (Regex one : texts.kind == Regex.Kind.OR ? texts.parts : new Regex[] {texts}) {
            String text = fixed(one);
            if (Arrays.stream(parts).allMatch(p -> p == texts || pool.matches(p, text))) {
                left.add(one);
            }
        }
        return pool.or(left);
    }
}
