package glia.text.tokenizer;

import java.util.List;
import java.util.Random;

/// Texts and patterns that are meant to do harm.
final class FuzzTexts {
    /// Characters that normalizers, pre-tokenizers and engines treat in different ways.
    private static final String[] ATOMS = {"a", "b", "ab", "A", "s", "x", " ", "  ", "\n", "\r\n", "\t", "1", "12", "'",
        "'s", "!", ".", "<", "<s>", "</s>", "[", "]", "##", "▁", "\0", "\u0001", "\u001b", "\u007f", "\u0085", "\u00a0",
        "é", "e\u0301", "İ", "ſ", "ß", "ﬁ", "ﷺ", "\u1F82", "\u200b", "\u202e", "\u2028", "\u3000", "\uFEFF", "\uFFFD",
        "\uFFFF", "北京", "한", "й", "ก", "🙂", "\uD834\uDD60", "\uDB40\uDC41", "\uDBFF\uDFFF", "Ġ",
        "<0x0A>", "<|im_start|>"};

    private FuzzTexts() { }

    static String pick(Random random, String... values) {
        return values[random.nextInt(values.length)];
    }

    /// A few characters.
    static String word(Random random) {
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(4); i >= 0; i--) {
            word.append(pick(random, ATOMS));
        }
        return word.toString();
    }

    /// Some text, often one that repeats a few characters and then ends in another.
    static String text(Random random, int length) {
        return switch (random.nextInt(6)) {
            case 0 -> {
                StringBuilder text = new StringBuilder();
                while (text.length() < length) {
                    text.appendCodePoint(random.nextInt(random.nextBoolean() ? 0x300 : Character.MAX_CODE_POINT + 1));
                }
                yield text.toString();
            }
            case 1 -> word(random) + word(random);
            case 2 -> repeated(pick(random, "a", "b", " ", "\n", "1", "ab", "a "), length) + pick(random, ATOMS);
            case 3 -> word(random) + "\uD800" + word(random) + "\uDC00";
            default -> repeated(word(random), length) + word(random);
        };
    }

    static String repeated(String part, int length) {
        return part.repeat(Math.max(1, length / part.length()));
    }

    /// A pattern, not always a valid one.
    static String regex(Random random) {
        return switch (random.nextInt(12)) {
            case 0 -> pick(random, "a?".repeat(30) + "a".repeat(30) + "b", "(?:a|a){1,40}c", "(?:a{1,30}){30}c",
                    "(?:a|aa)".repeat(40) + "c", "(?=.*.*.*.*.*x)a", "\\s+$", "(a*)*b", "(?=(\\d{3})+(?!\\d))",
                    "\\d{1,3}(?=(?:\\d{3})*\\b)", "(\\w+\\s?)*$", "^(a+)+$", "\\R", "\\X", "(?~a)", "\\p{Nosuch}",
                    "(?<n>a)\\g<n>", "(?{x})", "(a)\\1", "[[:^alpha:]]",
                    "[a&&b]", "\\x{110000}", "\\xFF", "", "a{100000}",
                    "(?:a{1000}){1000}", "\\p{L}{1,1000}", "(?i:ss|K)", "(?<=a|bb)c");
            case 1 -> List.copyOf(Regexes.KNOWN).get(random.nextInt(Regexes.KNOWN.size()));
            case 2 -> {
                String known = List.copyOf(Regexes.KNOWN).get(random.nextInt(Regexes.KNOWN.size()));
                int at = random.nextInt(known.length());
                yield known.substring(0, at) + pick(random, "", "+", "*", "?", "|", "(", ")", "\\s", "a", "{2,}")
                        + known.substring(Math.min(known.length(), at + random.nextInt(2)));
            }
            case 3, 4 -> expression(random, 3);
            case 5, 6 -> expression(random, 1);
            default -> atom(random, 0) + pick(random, "", "+", "*", "{2,}") + pick(random, "", "|", "")
                    + atom(random, 0)
                    + pick(random, "", "+", "", "|\\s+(?!\\S)", "|.");
        };
    }

    private static String expression(Random random, int depth) {
        StringBuilder all = new StringBuilder();
        for (int choices = random.nextInt(3); choices >= 0; choices--) {
            for (int parts = random.nextInt(4); parts >= 0; parts--) {
                all.append(atom(random, depth)).append(random.nextInt(3) == 0 ? "" : pick(random, "*", "+", "?", "*?",
                        "+?", "++", "*+", "?+", "{2}", "{1,3}", "{2,}", "{,2}", "{0,20}", ""));
            }
            all.append(choices > 0 ? "|" : "");
        }
        return all.toString();
    }

    private static String atom(Random random, int depth) {
        if (depth > 0 && random.nextInt(3) == 0) {
            return pick(random, "(", "(?:", "(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>")
                    + expression(random, depth - 1) + ")";
        }
        return pick(random, "a", "b", "ab", " ", ".", "\\s", "\\S", "\\d", "\\w", "[ab]", "[^a]", "[^\\s]", "\\p{L}",
                "\\p{N}", "[a-z&&[^b]]", "\\n", "$", "^", "\\b", "\\B", "1", "[\\r\\n]", "é", "\\x{4E00}");
    }
}
