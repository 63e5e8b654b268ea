package glia.engine.grammar.regex;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// One of many texts as the regular expression of their prefix tree: a common beginning is there once, so its
/// derivatives are few.
final class TextSet {
    private final RegexPool pool;
    /// The bytes of the texts as Latin-1, sorted and distinct.
    private final List<String> texts;

    private TextSet(RegexPool pool, List<String> texts) {
        this.pool = pool;
        this.texts = texts;
    }

    /// Matches one of some texts.
    static Regex of(Collection<String> texts, RegexPool pool) {
        List<String> sorted = texts.stream().map(text -> new String(text.getBytes(StandardCharsets.UTF_8),
                StandardCharsets.ISO_8859_1)).sorted().distinct().toList();
        return new TextSet(pool, sorted).ends(0, sorted.size(), 0);
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
}
