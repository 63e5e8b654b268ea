package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds where a text may state its answer, in the order in which math-verify looks: LaTeX in `$…$`, `$$…$$`, `\[…\]`,
/// `\(…\)` or ` […] `, boxes, plain fractions, plain numbers and arithmetic.
///
/// | priority | place |
/// |--:|---|
/// | 0 | "final answer is …. I hope" |
/// | 50 | "final answer … is …", boxes (0 in strict mode) |
/// | 100 | "answer: …" |
/// | 200 | "answer …" |
/// | 300 | anywhere (not in strict mode) |
///
/// Of equal priority, what ends last comes first. All work is linear in the text's length.
final class MathSearch {
    /// A place where an answer may be.
    ///
    /// @param parts the LaTeX of connected formulas, or one plain expression
    /// @param percents for each part, whether a percent sign follows
    record Candidate(int priority, int start, int end, Kind kind, List<String> parts, List<Boolean> percents) { }

    /// What a candidate's parts are.
    enum Kind { LATEX, BOX, PLAIN }

    private static final int CONNECTED = 6;
    private static final int GAP = 50;
    private static final int LONG_GAP = 100;
    private static final Pattern CONNECTION = Pattern.compile("\\s*+(?:,?and|,?or|,)\\s*+");
    private static final Pattern HOPE = Pattern.compile("\\.?+\\s?+I hope");
    private static final Pattern FINAL = Pattern.compile("(?i)final answer");
    private static final Pattern ANSWER = Pattern.compile("(?i)answer");
    private static final Pattern IS = Pattern.compile("(?i)\\s++is:?\\s*+$");
    private static final Pattern BOXED = Pattern.compile("\\\\boxed\\s?\\{");
    private static final int ANYWHERE = 300;

    private final String text;
    private final boolean strict;
    private final List<Candidate> found = new ArrayList<>();

    private MathSearch(String text, boolean strict) {
        this.text = text;
        this.strict = strict;
    }

    /// All candidates, best first.
    ///
    /// @param strict whether an answer must be LaTeX in a box or after the word "answer"
    static List<Candidate> candidates(String text, boolean strict) {
        return new MathSearch(text, strict).all();
    }

    private List<Candidate> all() {
        List<Formula> formulas = Formula.all(text);
        List<Candidate> latex = grouped(formulas);
        boxes(formulas);
        anchored(latex);
        if (!strict) {
            found.addAll(latex);
            List<Candidate> plain = PlainNumbers.all(text).stream().map(m -> new Candidate(ANYWHERE, m.start(), m.end(),
                    Kind.PLAIN, List.of(m.text()), List.of(m.percent()))).sorted(Comparator
                    .comparingInt(Candidate::start).thenComparing(Candidate::end, Comparator.reverseOrder())).toList();
            anchored(plain);
            found.addAll(plain);
        }
        found.sort(Comparator.comparingInt(Candidate::priority).thenComparing(Candidate::end, Comparator.reverseOrder())
                .thenComparing(Candidate::start));
        return found;
    }

    /// Formulas connected by commas or "and".
    private List<Candidate> grouped(List<Formula> formulas) {
        List<Candidate> groups = new ArrayList<>();
        for (int i = 0; i < formulas.size();) {
            int next = i + 1;
            while (next < formulas.size() && next - i < CONNECTED && connected(formulas.get(next - 1).end(),
                    formulas.get(next).start())) {
                next++;
            }
            groups.add(candidate(ANYWHERE, formulas.subList(i, next)));
            i = next;
        }
        return groups;
    }

    private static Candidate candidate(int priority, List<Formula> group) {
        return new Candidate(priority, group.getFirst().start(), group.getLast().end(), Kind.LATEX,
                group.stream().map(Formula::content).toList(), group.stream().map(Formula::percent).toList());
    }

    private boolean connected(int end, int start) {
        Matcher matcher = CONNECTION.matcher(text).region(end, start);
        return matcher.lookingAt() && matcher.end() == start;
    }

    /// Adds the places that the words before them prefer: one for each occurrence of the words.
    ///
    /// @param places sorted by their starts
    private void anchored(List<Candidate> places) {
        int from = 0;
        for (Matcher word = ANSWER.matcher(text); from <= text.length() && word.find(from); from++) {
            int at = word.end();
            from = at - 1;
            boolean colon = text.startsWith(":", at);
            int first = after(places, colon ? at + 1 : at);
            Candidate place = first == places.size() ? null : places.get(first).kind() == Kind.PLAIN
                    ? plain(places, first, at) : near(places.get(first), at, GAP + 1);
            if (place != null) {
                add(colon ? 100 : 200, place);
                from = place.end() - 1;
            }
        }
        from = 0;
        for (Matcher word = FINAL.matcher(text); from <= text.length() && word.find(from); from++) {
            int at = word.end();
            from = at - 1;
            for (int i = after(places, at); i < places.size() && places.get(i).start() - at <= LONG_GAP + 20; i++) {
                Candidate place = places.get(i);
                Matcher is = IS.matcher(text).region(at, place.start());
                if (is.find()) {
                    boolean hope = HOPE.matcher(text).region(place.end(), text.length()).lookingAt();
                    add(is.start() == at && hope ? 0 : 50, place);
                    from = place.end() - 1;
                    break;
                }
            }
        }
    }

    private static Candidate near(Candidate place, int word, int gap) {
        return place.start() - word <= gap ? place : null;
    }

    /// The number after the last equals sign within 100 characters, else the first one within 50, in the same line.
    private Candidate plain(List<Candidate> places, int first, int word) {
        Candidate best = near(places.get(first), word, GAP + 1);
        boolean equation = false;
        for (int i = first; i < places.size() && places.get(i).start() - word <= LONG_GAP; i++) {
            Candidate place = places.get(i);
            int start = place.start();
            if (start > 0 && text.substring(word, start).stripTrailing().endsWith("=") || text.startsWith("=", start)) {
                best = place;
                equation = true;
            }
        }
        boolean goesOn = best != null && text.substring(best.end(), Math.min(text.length(), best.end() + 10)).strip()
                .startsWith("=") && !equation;
        boolean otherLine = best != null
                && text.substring(word, Math.max(word, best.start())).indexOf('\n') >= 0;
        return goesOn || otherLine ? null : best;
    }

    /// The index of the first place that starts at a position or later.
    private static int after(List<Candidate> places, int position) {
        int low = 0;
        int high = places.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (places.get(middle).start() < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void add(int priority, Candidate place) {
        found.add(new Candidate(priority, place.start(), place.end(), place.kind(), place.parts(), place.percents()));
    }

    private void boxes(List<Formula> formulas) {
        int priority = strict ? 0 : 50;
        List<Formula> group = new ArrayList<>();
        for (Formula one : formulas) {
            if (!BOXED.matcher(one.content()).find()) {
                continue;
            }
            if (!group.isEmpty() && (group.size() == CONNECTED || !connected(group.getLast().end(), one.start()))) {
                found.add(candidate(priority, group));
                group = new ArrayList<>();
            }
            group.add(one);
        }
        if (!group.isEmpty()) {
            found.add(candidate(priority, group));
        }
        Matcher box = BOXED.matcher(text);
        int first = box.find() ? box.start() : -1;
        int last = text.lastIndexOf('}');
        if (first >= 0 && last > box.end()) {
            found.add(new Candidate(priority, first, last + 1, Kind.BOX, List.of(text.substring(first, last + 1)),
                    List.of(false)));
        }
    }
}
