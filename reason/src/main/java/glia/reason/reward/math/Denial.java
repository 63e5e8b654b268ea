package glia.reason.reward.math;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Whether a sentence denies what stands at a place: `it is not 42`, `5 (not 42)`, `42 is wrong`, `the wrong answer:
/// 42`.
///
/// Only the clause counts in which the place stands, so `it is not 41, it is 42` states 42.
public final class Denial {
    private static final int BEFORE = 120;
    private static final int AFTER = 60;
    /// What begins another clause.
    private static final Pattern CLAUSE = Pattern.compile("(?i)[.!?](?=[\\s\"')*]|$)|[;,\\n\\r)—→]|\\s[-–]\\s|=>"
            + "|(?<!anything )\\bbut\\b|\\b(?:so|because|since|therefore|rather(?! than)|actually)\\b"
            + "|(?<!\\b(?:think|believe|say|mean|that|guess|suppose|whether|if|as)\\s)\\b(?:it is|it['’]s)\\b");
    private static final Pattern NOT = Pattern.compile("(?i)"
            + "\\b(?:not(?!\\s+(?:counting|including|considering)\\b)|never|neither|nor|cannot|isnt)\\b|n['’]t\\b"
            + "|\\b(?:rather than|instead of|other than|anything but|except(?: for)?|far from|unlike)\\b"
            + "|\\\\not(?![a-zA-Z])|\\\\neq?(?![a-zA-Z])|≠|!=");
    private static final Pattern WRONG = Pattern.compile(
            "(?i)\\b(?:wrong|incorrect|false|invalid|mistaken|untrue|impossible)\\b");
    /// "The wrong answer is", not "the number of wrong answers is".
    private static final Pattern WRONG_ANSWER = Pattern.compile("(?i)(?<!\\bof )(?<!\\bof the )"
            + "\\b(?:wrong|incorrect|false"
            + "|invalid|mistaken|untrue|impossible)\\s+(?:(?:answers?|solutions?|results?|values?|guess(?:es)?|numbers?"
            + "|claims?|conclusions?)(?:\\s+(?:is|are|was|were|would|could|here)\\b|\\s*:)|to\\b|that\\b)");
    /// "Not an integer: 4.5" states 4.5, "not the answer: 4.5" does not.
    private static final Pattern ANSWER = Pattern.compile(
            "(?i)\\b(?:answers?|solutions?|results?|values?|roots?|correct|right|true)\\b|^.{0,9}:");
    private static final String RIGHT = "(?:the\\s|an?\\s|my\\s|our\\s)?\\s*(?:right|correct|true|valid|possible|answer"
            + "|solution|result|value|it|root)\\b";
    private static final String BAD =
            "(?:wrong|incorrect|false|invalid|mistaken|untrue|impossible|not\\s+" + RIGHT + ")";
    private static final Pattern LATER = Pattern.compile("(?i)[^\\p{L}\\d.;!?\\n]{0,12}+(?:\\\\?(?:text|mathrm)"
            + "\\s?\\{\\s*)?(?:,?\\s*(?:which|that|but (?:that|this|it))\\s+)?(?:[a-z]{1,12}\\s){0,2}?(?:(?:is|was|be)"
            + "(?:\\s+(?:also|clearly|just|simply))?\\s+" + BAD + "|(?:is|was)n['’]t\\s+" + RIGHT
            + "|(?:cannot|can['’]t|could not|must not) be\\b|(?:is|was|would be) too (?:small|large|big|low|high|much"
            + "|many|few|little)\\b)|\\h*[(:,–—-]\\h*" + BAD
            + "|\\W{0,4}[.!?]+\\s*(?:not!|no[,.!]|wrong\\b|that(?:['’]s| is| was) (?:not|" + BAD + "))");
    /// Formulas with words of denial in them.
    private static final Pattern TEXT = Pattern.compile("\\\\(?:text|textbf|textit|mathrm|mbox)\\s?\\{([^{}]*+)\\}");

    private Denial() { }

    /// Whether a text has words of denial.
    public static boolean denies(String text) {
        return NOT.matcher(text).find() || WRONG.matcher(text).find();
    }

    /// Whether a text denies what stands between two of its places.
    public static boolean denies(String text, int start, int end) {
        String before = text.substring(Math.max(0, start - BEFORE), start);
        int clause = 0;
        for (Matcher breaks = CLAUSE.matcher(before); breaks.find();) {
            clause = breaks.end();
        }
        before = before.substring(clause);
        Matcher not = NOT.matcher(before);
        if (not.find()) {
            int colon = before.indexOf(':', not.end());
            if (colon < 0 || ANSWER.matcher(before.substring(not.end(), colon + 1)).find()) {
                return true;
            }
        }
        return WRONG_ANSWER.matcher(before).find()
                || LATER.matcher(text).region(end, Math.min(text.length(), end + AFTER)).lookingAt();
    }

    /// Whether a formula denies itself, such as `\frac12 \text{ is wrong}`. One that is words alone denies nothing:
    /// "not possible" may be the answer.
    static boolean deniesItself(String formula) {
        Matcher words = TEXT.matcher(formula);
        boolean found = false;
        while (words.find()) {
            found |= NOT.matcher(words.group(1)).find() || WRONG.matcher(words.group(1)).find();
        }
        return found && !words.replaceAll("").replaceAll("\\\\boxed|\\\\fbox|[\\s{}$.]", "").isEmpty();
    }
}
