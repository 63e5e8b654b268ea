package glia.engine.grammar.regex;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
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
        return new Texts(pool, sorted).tree();
    }

    /// The texts of a range, which are equal up to a place: what follows there is collected.
    private static final class Branch {
        final int to;
        final int at;
        final List<Regex> ends = new ArrayList<>();
        /// The first text that is not collected.
        int first;

        Branch(int from, int to, int at) {
            this.first = from;
            this.to = to;
            this.at = at;
        }
    }

    /// The prefix tree. Where each text begins the next one, it is as deep as there are texts.
    private Regex tree() {
        Deque<Branch> open = new ArrayDeque<>();
        open.push(new Branch(0, texts.size(), 0));
        while (true) {
            Branch branch = open.peek();
            if (branch.first < branch.to) {
                open.push(next(branch));
                continue;
            }
            open.pop();
            Regex ends = pool.or(branch.ends);
            if (open.isEmpty()) {
                return ends;
            }
            Branch before = open.peek();
            before.ends.add(pool.concat(pool.bytes(texts.get(branch.to - 1).substring(before.at, branch.at)), ends));
        }
    }

    /// The branch of the next texts of a branch that have the next byte in common. A text that ends here is collected.
    private Branch next(Branch branch) {
        String text = texts.get(branch.first);
        int next = branch.first + 1;
        while (next < branch.to && text.length() > branch.at
                && texts.get(next).charAt(branch.at) == text.charAt(branch.at)) {
            next++;
        }
        pool.budget().steps(next - branch.first);
        int same = next == branch.first + 1 ? text.length()
                : common(text, texts.get(next - 1), branch.at + 1);
        Branch found = new Branch(branch.first, next, same);
        if (text.length() == same) {
            found.ends.add(pool.epsilon());
            found.first++;
        }
        branch.first = next;
        return found;
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
