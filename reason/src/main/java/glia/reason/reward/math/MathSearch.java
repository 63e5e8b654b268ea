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
    private static final Pattern CONNECTION = Pattern.compile("\\G\\s*+(?:,?and|,?or|,)\\s*+");
    private static final Pattern HOPE = Pattern.compile("\\G\\.?+\\s?+I hope");
    private static final Pattern FINAL = Pattern.compile("(?i)final answer");
    private static final Pattern ANSWER = Pattern.compile("(?i)answer");
    private static final Pattern IS = Pattern.compile("(?i)\\G.{0,100}?\\s++is:?\\s*+$", Pattern.DOTALL);

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
        List<Integer> finals = starts(FINAL);
        List<Integer> answers = starts(ANSWER);
        List<Formula> formulas = Formula.all(text);
        for (int i = 0; i < formulas.size();) {
            int next = i + 1;
            List<Formula> group = new ArrayList<>(List.of(formulas.get(i)));
            while (next < formulas.size() && group.size() < CONNECTED && connected(formulas.get(next - 1).end(),
                    formulas.get(next).start())) {
                group.add(formulas.get(next++));
            }
            latex(group, finals, answers);
            i = next;
        }
        boxes(formulas);
        if (!strict) {
            for (PlainNumbers.Match match : PlainNumbers.all(text)) {
                anchored(match.start(), match.end(), Kind.PLAIN, List.of(match.text()), List.of(match.percent()), finals,
                        answers, 300);
            }
        }
        found.sort(Comparator.comparingInt(Candidate::priority).thenComparing(Candidate::end, Comparator.reverseOrder())
                .thenComparing(Candidate::start));
        return found;
    }

    private List<Integer> starts(Pattern pattern) {
        List<Integer> all = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            all.add(matcher.end());
        }
        return all;
    }

    private boolean connected(int end, int start) {
        Matcher matcher = CONNECTION.matcher(text).region(end, start);
        return matcher.find() && matcher.end() == start;
    }

    private void latex(List<Formula> group, List<Integer> finals, List<Integer> answers) {
        List<String> parts = group.stream().map(Formula::content).toList();
        List<Boolean> percents = group.stream().map(Formula::percent).toList();
        anchored(group.getFirst().start(), group.getLast().end(), Kind.LATEX, parts, percents, finals, answers,
                strict ? -1 : 300);
    }

    /// Adds a candidate with the priority of the words before it.
    private void anchored(int start, int end, Kind kind, List<String> parts, List<Boolean> percents,
            List<Integer> finals, List<Integer> answers, int otherwise) {
        int priority = otherwise;
        int answer = before(answers, start);
        if (answer >= 0) {
            boolean colon = text.charAt(Math.min(answer, text.length() - 1)) == ':';
            int gap = start - answer - (colon ? 1 : 0);
            // An equation may stand between the word and a plain number.
            boolean equation = kind == Kind.PLAIN && gap <= LONG_GAP
                    && text.substring(answer, start).stripTrailing().endsWith("=");
            priority = gap <= GAP || equation ? colon ? 100 : 200 : priority;
        }
        int last = before(finals, start);
        if (last >= 0 && start - last <= LONG_GAP + 20) {
            Matcher is = IS.matcher(text).region(last, start);
            if (is.find()) {
                priority = text.substring(last, start).matches("\\s+is:?\\s*")
                        && HOPE.matcher(text).region(end, text.length()).find() ? 0 : 50;
            }
        }
        if (priority >= 0) {
            found.add(new Candidate(priority, start, end, kind, parts, percents));
        }
    }

    /// The last position of a sorted list that is not after `start`, or −1.
    private static int before(List<Integer> positions, int start) {
        int low = 0;
        int high = positions.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (positions.get(middle) <= start) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? -1 : positions.get(low - 1);
    }

    private void boxes(List<Formula> formulas) {
        int priority = strict ? 0 : 50;
        List<Formula> group = new ArrayList<>();
        for (Formula one : formulas) {
            if (!one.content().contains("\\boxed{")) {
                continue;
            }
            if (!group.isEmpty() && (group.size() == CONNECTED || !connected(group.getLast().end(), one.start()))) {
                add(priority, group);
                group = new ArrayList<>();
            }
            group.add(one);
        }
        if (!group.isEmpty()) {
            add(priority, group);
        }
        int first = text.indexOf("\\boxed{");
        int last = text.lastIndexOf('}');
        if (first >= 0 && last > first + "\\boxed{".length()) {
            found.add(new Candidate(priority, first, last + 1, Kind.BOX, List.of(text.substring(first, last + 1)),
                    List.of(false)));
        }
    }

    private void add(int priority, List<Formula> group) {
        found.add(new Candidate(priority, group.getFirst().start(), group.getLast().end(), Kind.LATEX,
                group.stream().map(Formula::content).toList(), group.stream().map(Formula::percent).toList()));
    }
}
