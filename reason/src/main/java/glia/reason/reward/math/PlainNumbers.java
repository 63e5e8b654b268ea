package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds numbers and arithmetic that are written without LaTeX, such as `1,234.5`, `74%`, `9/5` or `3*7 + 11`.
final class PlainNumbers {
    /// What was found.
    ///
    /// @param text the expression
    /// @param percent whether a percent sign or word follows
    record Match(int start, int end, String text, boolean percent) { }

    private static final int MAX_TEXT = 200_000;
    private static final Pattern PREFIX = Pattern.compile("(?:[\\s=`]|^)(?:\\*\\*)?+");
    private static final Pattern NUMBER = Pattern.compile(
            "\\\\?+[$€£¥₹₽₪₩₫฿]?+(?<!\\d)(-?[1-9]\\d{0,2}(?:[ ,]\\d{3})++(?:\\.\\d++)?+"
            + "|-?\\d++[.,]\\d++|\\.\\d++|-?\\d++)(\\s*+(?:%|[Pp]ercent(?:age)?|[Pp]ct))?+");
    private static final Pattern FIRST = Pattern.compile("-?\\(?-?\\d");
    private static final String CHARACTERS = ".+-*×/^()÷";
    private static final String OPERATORS = "+-*×/^()÷";

    private final String text;
    private final List<Match> found = new ArrayList<>();
    /// The end of the current run of arithmetic characters, the last place in it where a word may end, and the last
    /// operator before that.
    private int runEnd;
    private int wordEnd;
    private int lastOperator;

    private PlainNumbers(String text) {
        this.text = text;
    }

    /// All matches in the last 200,000 characters of a text.
    static List<Match> all(String text) {
        int cut = Math.max(0, text.length() - MAX_TEXT);
        PlainNumbers numbers = new PlainNumbers(text.substring(cut));
        numbers.search();
        return cut == 0 ? numbers.found : numbers.found.stream().map(m -> new Match(m.start + cut, m.end + cut, m.text,
                m.percent)).toList();
    }

    private void search() {
        Matcher prefix = PREFIX.matcher(text);
        Matcher number = NUMBER.matcher(text);
        Matcher first = FIRST.matcher(text);
        int expressions = 0;
        int numbers = 0;
        for (int at = 0; at <= text.length() && prefix.find(at); at = Math.max(at + 1, prefix.start() + 1)) {
            at = prefix.start();
            int start = prefix.end();
            if (at >= expressions && first.region(start, text.length()).lookingAt()) {
                int end = expression(start, first.end());
                if (end > 0) {
                    found.add(new Match(start, end, text.substring(start, end), false));
                    expressions = end;
                }
            }
            // (391) and +391
            boolean bracket = text.startsWith("(", start);
            int inner = bracket || text.startsWith("+", start) ? start + 1 : start;
            if (at >= numbers && number.region(inner, text.length()).lookingAt()
                    && (!bracket || text.startsWith(")", number.end()))) {
                found.add(new Match(start, number.end(), plain(number.group(1)), number.group(2) != null));
                numbers = number.end();
            }
        }
    }

    /// `1,234` and `1 234` without separators; a comma before other than three digits is a decimal point.
    private static String plain(String number) {
        boolean thousands = number.matches("-?[1-9]\\d{0,2}(?:[ ,]\\d{3})+(?:\\.\\d+)?");
        return thousands ? number.replaceAll("[ ,]", "") : number.replace(',', '.');
    }

    /// The end of the longest arithmetic from a position, or −1: characters of arithmetic with at least one operator
    /// after the first digit and something after it, up to a place where a word may end.
    private int expression(int start, int afterDigit) {
        if (start >= runEnd) {
            runEnd = start;
            while (runEnd < text.length() && isPart(text.charAt(runEnd))) {
                runEnd++;
            }
            wordEnd = runEnd;
            while (wordEnd > start && !endsWord(wordEnd)) {
                wordEnd--;
            }
            lastOperator = wordEnd - 2;
            while (lastOperator > start && OPERATORS.indexOf(text.charAt(lastOperator)) < 0) {
                lastOperator--;
            }
        }
        return lastOperator >= afterDigit ? wordEnd : -1;
    }

    private static boolean isPart(char c) {
        return c >= '0' && c <= '9' || Character.isWhitespace(c) || CHARACTERS.indexOf(c) >= 0;
    }

    private boolean endsWord(int at) {
        int i = text.startsWith("**", at) ? at + 2 : at;
        return i >= text.length() || ".,:)$`".indexOf(text.charAt(i)) >= 0 || Character.isWhitespace(text.charAt(i));
    }
}
