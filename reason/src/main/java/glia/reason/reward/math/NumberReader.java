package glia.reason.reward.math;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the number that a text states, in exact fractions.
///
/// A number is a decimal, with groups of three digits between commas, spaces or apostrophes; a fraction (`3/4`,
/// `\frac{3}{4}`, `½`, `2 1/2`), a power (`2^{10}`, `10⁶`) or scientific (`1e6`, `2 \times 10^6`). A minus sign or the
/// word "minus" or "negative" before it, percent (1/100) and a word of scale (`42 million`, `2 dozen`, `5k`) after it
/// count. A currency sign and a unit do not.
///
/// A number beside an operation, a function or a variable is a part of something else: `6*7`, `√42`, `42!`, `f(42)`,
/// `42x`, `twice 42`, `more than 42`, `5 to 42`, `5 mod 7`. Numbers that are [denied][Denial] do not count.
public final class NumberReader {
    /// A number in a text.
    ///
    /// @param text it, as it is written
    /// @param value nothing if it is a part of something else
    /// @param scale what the words after it multiply it by
    private record Token(int start, int end, String text, Optional<Rational> value, Rational scale) { }

    private static final int MAX_TEXT = 20_000;
    /// The characters at the end of a text in which the last number is looked for.
    private static final int MAX_TAIL = 5_000;
    private static final int MAX_NUMBERS = 200;
    private static final int HEAD = 60;
    private static final String GROUPED = "(?:\\d{1,3}(?:,\\d{3})++(?!\\d)|(?<!\\d\\h)[1-9]\\d{0,2}(?:[\\h'’]\\d{3})++"
            + "(?![\\d/])|[1-9]\\d{0,2}(?:\\.\\d{3}){2,}+(?!\\d)|\\d++)";
    private static final String DECIMAL = "(?:" + GROUPED + "(?:\\.\\d++)?+|\\.\\d++)";
    private static final String EXPONENT = "\\h*\\^\\h*[({]?\\h*([-+−]?\\d{1,5})\\h*[)}]?";
    private static final Pattern NUMBER = Pattern.compile("(?<![\\p{IsLatin}\\p{IsGreek}\\d._])"
            + "(?:(\\d{1,9})\\h{1,2}(?=\\d{1,9}\\h?/))?("
            + DECIMAL + "(?:[eE][-+−]?\\d{1,4}+(?!\\d))?+)(?:\\h*[×*·⋅x]\\h*10" + EXPONENT + "|" + EXPONENT + ")?+"
            + "(?:\\h*/\\h*(?:[$€£]\\h?)?(" + DECIMAL + "))?+");
    private static final Pattern PERCENT = Pattern.compile("\\h?%|\\h*(?:per\\s?cent|percent|pct)\\b|\\h?(‰)");
    private static final Map<String, Rational> SCALES = Map.ofEntries(scale("hundred", 100), scale("thousand", 1000),
            scale("million", 1_000_000), scale("billion", 1_000_000_000), scale("trillion", 1_000_000_000_000L),
            scale("dozen", 12), scale("lakh", 100_000), scale("crore", 10_000_000), scale("grand", 1000),
            scale("k", 1000), scale("m", 1_000_000), scale("b", 1_000_000_000), scale("bn", 1_000_000_000),
            part("halves", 2), part("thirds", 3), part("fourths", 4), part("fifths", 5), part("sixths", 6),
            part("eighths", 8), part("tenths", 10), part("hundredths", 100), part("thousandths", 1000));
    private static final Pattern SCALE = Pattern.compile("(?:(?:\\h{0,3}|-)((?i:hundred|thousand|million|billion|"
            + "trillion|dozen|lakh|crore)(?![a-z]{2})|(?i:grand|halves|thirds|fourths|fifths|sixths|eighths|tenths|"
            + "hundredths|thousandths))s?|([kKMB]|bn|Bn))(?![\\p{L}\\d])");
    private static final Set<String> UNITS = Set.of(("m s g l L h d c p t A C F J K N V W km cm mm kg mg ml mL hr ft in"
            + " lb oz yd mi GB MB KB TB kW Hz Pa pm am cc").split(" "));
    private static final Pattern FUNCTION = Pattern.compile("(?i)(?:\\b(?:root|square|cube|third|quarter|fourth|fifth|"
            + "tenth|multiples?|factors?|divisors?|powers?|factorial|opposite|inverse|reciprocal|negative|logarithm|"
            + "percent|half|double|digits?) of|\\b(?:half|twice|double|triple|thrice|times|plus|log|ln|exp|sin|cos|tan|"
            + "sqrt|mod|modulo|below|above|under)|(?:divided|multiplied) by|\\d\\s+(?:minus|choose|over)"
            + "|plus or minus|\\b(?:less|more|greater|fewer|larger|smaller|higher|lower|bigger) than"
            + "|to the power(?: of)?"
            + "|[\\d%]\\s+(?:out\\s+)?of(?:\\s+the)?|\\bbetween\\s+[^\\s]{1,20}\\s+and|\\d\\s+(?:to|through))\\s*$");
    private static final Pattern MINUS = Pattern.compile("(?i)\\b(?:minus|negative)\\s*$");
    /// What follows a number that is a part of something else.
    private static final Pattern GOES_ON = Pattern.compile("[)\\]}$]*+(?:\\h*\\^(?!\\h?[{(]?\\h?\\\\circ)"
            + "|\\h*[*/×·÷⋅]\\h*(?:[\\d(√π\\\\]|[xyzn]\\b)|\\h*[-+−–]\\h*(?:[\\d(√π.\\\\]|[b-z]\\b(?!['’]))"
            + "|\\+(?!\\w)|\\h*[±∓√π∞万亿千百兆億萬]|\\h*\\\\[a-zA-Z]|[_₀-₉]|:\\d|\\.\\d|\\h*(?:squared|cubed|factorial)\\b"
            + "|\\h*(?:times|plus|minus|divided by|multiplied by|over|choose|to the power of)\\h+[\\d(]"
            + "|\\h*\\(?\\h*(?:p?mod|modulo)\\b|\\h+(?:in\\h+)?base\\b|\\h+point\\h+\\d"
            + "|\\h+and\\h+(?:an?|one|two|three)[\\h-]+(?:hal|third|quarter|fourth|fifth|sixth|eighth|tenth)"
            + "|(?:st|nd|rd|th)\\b|\\h?[eijknqruvwxyzθ]\\b(?!['’])"
            + "|\\h*(?:\\.\\.+|…|–|—)\\h*[$€£]?\\d|!\\h*[-+*/=^!)]|\\h+(?:to|through)\\h+[$€£]?\\d)");
    private static final Pattern LETTERS = Pattern.compile("[\\p{IsLatin}\\p{IsGreek}]++");
    private static final Pattern APPLIED = Pattern.compile("(?:sin|cos|tan|log|exp|mod|sqrt|times)\\b|\\p{L}+\\(");
    private static final Pattern WORD = Pattern.compile("\\p{L}{2}");
    /// What stands between two numbers of which one is meant.
    private static final Pattern OFFER = Pattern.compile("(?i)[^\\d\\n.]{0,30}?\\b(?:or|vs|versus)\\b[^\\d\\n.]{0,20}");
    private static final String OPENING = "$€£¥₹({[\"'“`| \t\u00A0";

    private final String text;
    private final List<Token> tokens = new ArrayList<>();

    private NumberReader(String text, int most) {
        this.text = text;
        Matcher number = NUMBER.matcher(text);
        while (tokens.size() <= most && number.find()) {
            // A number before which the text was cut.
            boolean isCut = number.start() == 0 && text.length() == MAX_TAIL;
            int sign = isCut ? 0 : sign(number.start());
            if (sign < 2) {
                tokens.add(token(number, sign));
            }
        }
    }

    private static Map.Entry<String, Rational> scale(String word, long value) {
        return Map.entry(word, Rational.of(value));
    }

    private static Map.Entry<String, Rational> part(String word, long value) {
        return Map.entry(word, Rational.of(1, value));
    }

    /// The last number of a text, as it is written; empty if that is denied, a part of something else, or one of two
    /// different ones that are offered (`5 or 7`).
    public static Optional<String> last(String text) {
        String plain = AnswerText.plain(text.substring(Math.max(0, text.length() - MAX_TEXT)));
        NumberReader reader = new NumberReader(plain.substring(Math.max(0, plain.length() - MAX_TAIL)), MAX_TAIL);
        List<Token> two = reader.stated(2);
        if (two.isEmpty() || two.getLast().value.isEmpty()) {
            return Optional.empty();
        }
        Token last = two.getLast();
        boolean isOffer = two.size() == 2 && !two.getFirst().value.equals(last.value) && OFFER.matcher(reader.text)
                .region(two.getFirst().end, last.start).matches();
        return isOffer ? Optional.empty() : Optional.of(last.text);
    }

    /// The one number that a text states, also with a unit or in a sentence; empty if it states none or several, but
    /// for the calculation before an equals sign (`6*7 = 42`).
    public static Optional<Rational> only(String text) {
        if (text.length() > MAX_TEXT) {
            return Optional.empty();
        }
        NumberReader reader = new NumberReader(AnswerText.plain(text), MAX_NUMBERS);
        List<Token> all = reader.tokens.size() > MAX_NUMBERS ? List.of() : reader.stated(MAX_NUMBERS);
        Optional<Rational> value = all.isEmpty() ? Optional.empty() : all.getLast().value;
        int equals = reader.text.lastIndexOf('=');
        boolean agree = all.stream().allMatch(one -> one.value.isEmpty() ? one.end <= equals : one.value.equals(value));
        return agree ? value : Optional.empty();
    }

    /// What the word after the number at a place multiplies it by, such as a million; empty if the number is a part of
    /// something else.
    ///
    /// @param start where the number begins, or a sign, bracket or space before it
    public static Optional<Rational> scale(String text, int start, int end) {
        int from = Math.max(0, start - HEAD);
        NumberReader reader = new NumberReader(text.substring(from, Math.min(text.length(), end + HEAD)), MAX_NUMBERS);
        return reader.tokens.stream().filter(one -> one.start >= start - from && one.start < end - from).findFirst()
                .filter(one -> one.value.isPresent()).map(Token::scale);
    }

    /// The last numbers that are not denied.
    private List<Token> stated(int most) {
        List<Token> found = new ArrayList<>();
        for (int i = tokens.size() - 1; i >= 0 && found.size() < most; i--) {
            if (!Denial.denies(text, tokens.get(i).start, tokens.get(i).end)) {
                found.addFirst(tokens.get(i));
            }
        }
        return found;
    }

    private Token token(Matcher number, int sign) {
        int end = number.end();
        Rational scale = Rational.ONE;
        Rational share = Rational.of(sign);
        Matcher percent = PERCENT.matcher(text).region(end, text.length());
        Matcher word = SCALE.matcher(text).region(end, text.length());
        if (percent.lookingAt()) {
            share = share.divide(Rational.of(percent.group(1) == null ? 100 : 1000));
            end = percent.end();
        }
        for (int i = 0; i < 3 && word.lookingAt(); i++) {
            String name = word.group(word.group(1) == null ? 2 : 1).toLowerCase(Locale.ROOT);
            scale = scale.multiply(SCALES.get(name));
            end = word.end();
            word.region(end, text.length());
        }
        Optional<Rational> value = sign == 0 || goesOn(number.start(), end) ? Optional.empty()
                : value(number, scale.multiply(share));
        String written = (sign < 0 ? "-" : "") + text.substring(number.start(), end);
        return new Token(number.start(), end, written, value, scale);
    }

    private static Optional<Rational> value(Matcher number, Rational scale) {
        try {
            Rational value = decimal(number.group(2));
            if (number.group(3) != null) {
                value = value.multiply(Rational.of(10).pow(Integer.parseInt(number.group(3).replace('−', '-'))));
            } else if (number.group(4) != null) {
                value = value.pow(Integer.parseInt(number.group(4).replace('−', '-')));
            }
            value = number.group(5) == null ? value : value.divide(decimal(number.group(5)));
            value = number.group(1) == null ? value : value.add(decimal(number.group(1)));
            return Optional.of(value.multiply(scale));
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Rational decimal(String digits) {
        String plain = digits.replaceAll("[\\h,'’]", "").replace('−', '-');
        return Rational.parse(plain.indexOf('.') == plain.lastIndexOf('.') ? plain : plain.replace(".", ""));
    }

    /// 1 or −1; 0 if what stands before a number makes it a part of something else; 2 if it belongs to a name
    /// (COVID-19).
    private int sign(int start) {
        int at = start;
        while (at > 0 && OPENING.indexOf(text.charAt(at - 1)) >= 0) {
            at--;
        }
        if (at == 0) {
            return 1;
        }
        char before = text.charAt(at - 1);
        boolean isSpaced = at < start && Character.isSpaceChar(text.charAt(at));
        boolean isBracket = at < start && "({[".indexOf(text.charAt(at)) >= 0;
        char earlier = at > 1 ? text.charAt(at - 2) : '\n';
        switch (before) {
            case '-', '−', '–', '+' -> {
                int sign = signed(at - 1, isSpaced);
                return isBracket && sign != 2 ? 0 : sign == 1 && before == '+' ? 1 : sign;
            }
            case '*' -> {
                int stars = at - 1;
                while (stars > 0 && text.charAt(stars - 1) == '*') {
                    stars--;
                }
                boolean isFirst = stars == 0 || text.charAt(stars - 1) == '\n';
                return isFirst || !isSpaced && Character.isWhitespace(text.charAt(stars - 1)) ? 1 : 0;
            }
            case '^' -> {
                // cm^2
                return Character.isLetter(earlier) || earlier == '$' ? 2 : 0;
            }
            case '/', '×', '·', '⋅', '÷', '√', '∛', '±', '∓', '<', '≤', '≥', '≠' -> {
                return 0;
            }
            case '>' -> {
                return "-=>\n".indexOf(earlier) >= 0 ? 1 : 0;
            }
            case '=' -> {
                return "!<>".indexOf(earlier) >= 0 ? 0 : 1;
            }
            case ':' -> {
                return at == start && Character.isDigit(earlier) ? 0 : 1;
            }
            default -> {
                boolean isOperand = Character.isLetterOrDigit(before) || ")}]".indexOf(before) >= 0;
                if (isOperand && isBracket || before == ')' && !isSpaced) {
                    return 0;
                }
                String head = text.substring(Math.max(0, at - HEAD), at);
                return FUNCTION.matcher(head).find() ? 0 : MINUS.matcher(head).find() ? -1 : 1;
            }
        }
    }

    /// What a minus or plus sign at a place means for the number after it.
    private int signed(int at, boolean isSpaced) {
        int place = at;
        while (place > 0 && Character.isSpaceChar(text.charAt(place - 1))) {
            place--;
        }
        char before = place > 0 ? text.charAt(place - 1) : '\n';
        int sign = text.charAt(at) == '+' ? 1 : -1;
        if (Character.isLetter(before)) {
            boolean isName = place < 2 || !Character.isLetter(text.charAt(place - 2));
            return isName && "aAI".indexOf(before) < 0 ? 0 : place == at ? 2 : isSpaced ? 1 : sign;
        }
        if (Character.isDigit(before) || ")]}%°!*/^×·⋅÷+-−√±".indexOf(before) >= 0) {
            return 0;
        }
        return isSpaced && place > 0 && "=:([{,".indexOf(before) < 0 ? 1 : sign;
    }

    /// Whether what follows a number makes it a part of something else. A `!` is a factorial, unless words stand before
    /// it in the line.
    private boolean goesOn(int start, int end) {
        Matcher letters = LETTERS.matcher(text).region(end, text.length());
        if (letters.lookingAt() && (letters.end() - end < 3 && !UNITS.contains(letters.group())
                || APPLIED.matcher(text).region(end, text.length()).lookingAt())) {
            return true;
        }
        int bang = end;
        while (bang < text.length() && ")]}$".indexOf(text.charAt(bang)) >= 0) {
            bang++;
        }
        if (bang < text.length() && text.charAt(bang) == '!') {
            int line = text.lastIndexOf('\n', start) + 1;
            if (!WORD.matcher(text.substring(line, start)).find()) {
                return true;
            }
        }
        return GOES_ON.matcher(text).region(end, text.length()).lookingAt();
    }
}
