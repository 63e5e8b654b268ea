package glia.engine.grammar.regex;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Regular expressions of one character in its encoded form: as UTF-8, or as within a JSON string.
///
/// **JSON.** A character has one form, or a few: itself, unless JSON requires an escape; the short escape (`\n`); and
/// `\u00e9` for control characters and those beyond ASCII, as a surrogate pair beyond the basic plane. Other escapes,
/// such as `\u0061` and `\/`, are refused, so that no key has a second spelling. Unpaired surrogates are refused too.
public final class CharacterEncoder {
    private static final String SHORT = "\"\\\b\f\n\r\t";
    private static final String SHORT_NAMES = "\"\\bfnrt";
    private static final int LAST_ASCII = 0x7E;
    private static final int LAST_BASIC = 0xFFFF;
    private static final int SUPPLEMENT = 0x10000;
    private static final int SURROGATE_BITS = 10;
    private static final int LOW_MASK = 0x3FF;
    private static final CodePoints ESCAPED = CodePoints.of(0, 0x1F, '"', '"', '\\', '\\');
    private static final CodePoints HEX = CodePoints.of(0, 0x1F, LAST_ASCII + 1, CodePoints.LAST);
    private static final int[] UTF8_LENGTHS = {0x7F, 0x7FF, 0xFFFF, CodePoints.LAST};

    private final RegexPool pool;
    private final boolean json;
    private final Map<CodePoints, Regex> known = new HashMap<>();

    /// @param json whether characters are encoded as within a JSON string
    public CharacterEncoder(RegexPool pool, boolean json) {
        this.pool = pool;
        this.json = json;
    }

    /// The pool of the expressions.
    public RegexPool pool() {
        return pool;
    }

    /// Matches one character of a set.
    public Regex characters(CodePoints set) {
        return known.computeIfAbsent(set, this::encode);
    }

    /// Matches any character.
    public Regex any() {
        return characters(CodePoints.ALL);
    }

    /// Matches a text; the surrogates that it may contain are read as U+FFFD.
    public Regex text(String text) {
        List<Regex> parts = new ArrayList<>();
        StringBuilder run = new StringBuilder();
        for (int i = 0; i < text.length();) {
            int found = text.codePointAt(i);
            i += Character.charCount(found);
            int c = found >= Character.MIN_SURROGATE && found <= Character.MAX_SURROGATE ? 0xFFFD : found;
            if (c <= LAST_ASCII && !(json && ESCAPED.has(c))) {
                run.append((char) c);
                continue;
            }
            parts.add(pool.bytes(run.toString()));
            run.setLength(0);
            parts.add(characters(CodePoints.of(c, c)));
        }
        parts.add(pool.bytes(run.toString()));
        return pool.concat(parts.toArray(Regex[]::new));
    }

    private Regex encode(CodePoints set) {
        List<Regex> forms = new ArrayList<>();
        int[] plain = (json ? set.and(ESCAPED.complement()) : set).bounds();
        for (int i = 0; i < plain.length; i += 2) {
            utf8(plain[i], plain[i + 1], forms);
        }
        if (json) {
            StringBuilder names = new StringBuilder();
            for (int i = 0; i < SHORT.length(); i++) {
                if (set.has(SHORT.charAt(i))) {
                    names.append(SHORT_NAMES.charAt(i));
                }
            }
            if (!names.isEmpty()) {
                forms.add(pool.concat(pool.literal("\\"), one(names.toString())));
            }
            List<Regex> hex = new ArrayList<>();
            int[] coded = set.and(HEX).bounds();
            for (int i = 0; i < coded.length; i += 2) {
                if (coded[i] <= LAST_BASIC) {
                    hex(coded[i], Math.min(coded[i + 1], LAST_BASIC), 4, hex);
                }
                if (coded[i + 1] > LAST_BASIC) {
                    pairs(Math.max(coded[i], SUPPLEMENT) - SUPPLEMENT, coded[i + 1] - SUPPLEMENT, hex);
                }
            }
            if (!hex.isEmpty()) {
                forms.add(pool.concat(pool.literal("\\u"), pool.or(hex)));
            }
        }
        return pool.or(forms);
    }

    /// A literal where there is one byte, so that texts become one literal.
    private Regex one(String latin1) {
        return latin1.length() == 1 ? pool.literal(latin1) : pool.anyOf(latin1);
    }

    private Regex bytes(int first, int last) {
        return first == last && first < 0x80 ? pool.literal(Character.toString(first)) : pool.range(first, last);
    }

    /// The bytes of a range of characters: ranges of equal length that are products of ranges of bytes.
    private void utf8(int first, int last, List<Regex> forms) {
        for (int limit : UTF8_LENGTHS) {
            if (first <= limit && last > limit) {
                utf8(first, limit, forms);
                utf8(limit + 1, last, forms);
                return;
            }
        }
        if (last <= 0x7F) {
            forms.add(bytes(first, last));
            return;
        }
        for (int i = 1; i < 4; i++) {
            int mask = (1 << 6 * i) - 1;
            if ((first & ~mask) != (last & ~mask)) {
                if ((first & mask) != 0) {
                    utf8(first, first | mask, forms);
                    utf8((first | mask) + 1, last, forms);
                    return;
                }
                if ((last & mask) != mask) {
                    utf8(first, (last & ~mask) - 1, forms);
                    utf8(last & ~mask, last, forms);
                    return;
                }
            }
        }
        int length = first <= 0x7FF ? 2 : first <= LAST_BASIC ? 3 : 4;
        Regex[] parts = new Regex[length];
        for (int i = length - 1; i > 0; i--) {
            int shift = 6 * (length - 1 - i);
            parts[i] = pool.range(0x80 | first >> shift & 0x3F, 0x80 | last >> shift & 0x3F);
        }
        int shift = 6 * (length - 1);
        int lead = length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0;
        parts[0] = pool.range(lead | first >> shift, lead | last >> shift);
        forms.add(pool.concat(parts));
    }

    /// Hexadecimal numbers of a range, of so many digits.
    private void hex(int first, int last, int digits, List<Regex> forms) {
        if (digits == 0) {
            forms.add(pool.epsilon());
            return;
        }
        int shift = 4 * (digits - 1);
        int mask = (1 << shift) - 1;
        int from = first >> shift;
        int to = last >> shift;
        if (from == to || (first & mask) == 0 && (last & mask) == mask) {
            List<Regex> rest = new ArrayList<>();
            hex(first & mask, last & mask, digits - 1, rest);
            forms.add(pool.concat(hexDigits(from, to), pool.or(rest)));
        } else if ((first & mask) != 0) {
            hex(first, first | mask, digits, forms);
            hex((first | mask) + 1, last, digits, forms);
        } else {
            hex(first, (last & ~mask) - 1, digits, forms);
            hex(last & ~mask, last, digits, forms);
        }
    }

    private Regex hexDigits(int from, int to) {
        StringBuilder digits = new StringBuilder();
        for (int i = from; i <= to; i++) {
            char digit = Character.forDigit(i, 16);
            digits.append(digit);
            if (i > 9) {
                digits.append(Character.toUpperCase(digit));
            }
        }
        return pool.anyOf(digits.toString());
    }

    /// Surrogate pairs of a range of characters, counted from U+10000.
    private void pairs(int first, int last, List<Regex> forms) {
        int high = first >> SURROGATE_BITS;
        int end = last >> SURROGATE_BITS;
        if (high != end && (first & LOW_MASK) != 0) {
            pairs(first, first | LOW_MASK, forms);
            pairs((first | LOW_MASK) + 1, last, forms);
        } else if (high != end && (last & LOW_MASK) != LOW_MASK) {
            pairs(first, (last & ~LOW_MASK) - 1, forms);
            pairs(last & ~LOW_MASK, last, forms);
        } else {
            List<Regex> highs = new ArrayList<>();
            List<Regex> lows = new ArrayList<>();
            hex(Character.MIN_HIGH_SURROGATE + high, Character.MIN_HIGH_SURROGATE + end, 4, highs);
            hex(Character.MIN_LOW_SURROGATE + (first & LOW_MASK), Character.MIN_LOW_SURROGATE + (last & LOW_MASK), 4,
                    lows);
            forms.add(pool.concat(pool.or(highs), pool.literal("\\u"), pool.or(lows)));
        }
    }
}
