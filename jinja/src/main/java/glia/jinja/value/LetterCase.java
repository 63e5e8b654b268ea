package glia.jinja.value;

import java.util.Locale;

/// Upper, lower and title case as Python has them, in time linear in the length. `String.toUpperCase` copies its
/// result again for each letter that grows (`ß`), and `String.toLowerCase` searches the whole text for words at each
/// `Σ`: both are quadratic.
public final class LetterCase {
    /// The first character that is not ASCII.
    private static final int NON_ASCII = 0x80;
    private static final int BYTES_PER_EXPANSION = 224;
    private static final char SIGMA = 'Σ';
    private static final char FINAL_SIGMA = 'ς';

    private LetterCase() {
    }

    /// Charges one of the conversions of a text.
    static void charge(String text, Budget budget) {
        budget.work(2L * text.length());
        budget.bytes(20L * text.length() + 256);
        int expanding = 0;
        for (int i = 0; i < text.length(); i++) {
            expanding += text.charAt(i) >= NON_ASCII && isExpanding(text.charAt(i)) ? 1 : 0;
        }
        budget.work(8L * expanding);
        budget.bytes((long) BYTES_PER_EXPANSION * expanding);
    }

    /// All upper case.
    static String upper(String text) {
        if (isAscii(text)) {
            return text.toUpperCase(Locale.ROOT);
        }
        StringBuilder out = new StringBuilder(text.length() + 8);
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            appendUpper(out, c);
        }
        return out.toString();
    }

    /// All lower case.
    static String lower(String text) {
        if (isAscii(text)) {
            return text.toLowerCase(Locale.ROOT);
        }
        StringBuilder out = new StringBuilder(text.length() + 8);
        lower(text, 0, out);
        return out.toString();
    }

    private static void lower(String text, int from, StringBuilder out) {
        Lower lower = new Lower(text, out);
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            if (i < from) {
                lower.pass(c);
            } else {
                lower.append(c, i);
            }
        }
    }

    /// The first character title case, the others lower.
    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 8);
        int first = text.codePointAt(0);
        appendTitle(out, first);
        lower(text, Character.charCount(first), out);
        return out.toString();
    }

    /// Each word's first letter title case and the others lower, where a word is a run of letters that have cases.
    static String title(String text) {
        StringBuilder out = new StringBuilder(text.length() + 8);
        Lower lower = new Lower(text, out);
        boolean inWord = false;
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            if (inWord) {
                lower.append(c, i);
            } else {
                appendTitle(out, c);
                lower.pass(c);
            }
            inWord = isCased(c);
        }
        return out.toString();
    }

    /// Jinja's filter `title`: words start after blanks, hyphens and opening brackets, with an upper case letter.
    static String titleOfWords(String text) {
        StringBuilder out = new StringBuilder(text.length() + 8);
        Lower lower = new Lower(text, out);
        boolean starts = true;
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            if (starts) {
                appendUpper(out, c);
                lower.afterCased = false;
            } else {
                lower.append(c, i);
            }
            starts = c < NON_ASCII && "-({[<".indexOf(c) >= 0 || Text.isSpace(c);
        }
        return out.toString();
    }

    /// Appends lower case letters and tracks the context of a sigma: it becomes `ς` after a cased letter and not before
    /// one, where marks and apostrophes between them do not count (Unicode's Final_Sigma).
    private static final class Lower {
        private final String text;
        private final StringBuilder out;
        private boolean afterCased;

        Lower(String text, StringBuilder out) {
            this.text = text;
            this.out = out;
        }

        void append(int c, int at) {
            if (c == SIGMA) {
                out.append(afterCased && !isBeforeCased(at + 1) ? FINAL_SIGMA : 'σ');
            } else {
                appendLower(out, c);
            }
            pass(c);
        }

        void pass(int c) {
            if (!isIgnorable(c)) {
                afterCased = isCased(c);
            }
        }

        /// Reads to the next letter, so that all sigmas together read each character once.
        private boolean isBeforeCased(int from) {
            int c = 0;
            for (int i = from; i < text.length(); i += Character.charCount(c)) {
                c = text.codePointAt(i);
                if (!isIgnorable(c)) {
                    return isCased(c);
                }
            }
            return false;
        }
    }

    private static void appendUpper(StringBuilder out, int c) {
        if (c >= NON_ASCII && isExpanding(c)) {
            out.append(Character.toString(c).toUpperCase(Locale.ROOT));
        } else {
            out.appendCodePoint(Character.toUpperCase(c));
        }
    }

    private static void appendLower(StringBuilder out, int c) {
        if (c == 'İ') {
            out.append("i\u0307");
        } else {
            out.appendCodePoint(Character.toLowerCase(c));
        }
    }

    private static void appendTitle(StringBuilder out, int c) {
        int title = Character.toTitleCase(c);
        if (title != c || c < NON_ASCII || !isExpanding(c)) {
            out.appendCodePoint(title);
            return;
        }
        // A letter such as ß grows into two; only the first of them is upper case.
        String upper = Character.toString(c).toUpperCase(Locale.ROOT);
        boolean started = false;
        for (int i = 0; i < upper.length(); i++) {
            char letter = upper.charAt(i);
            out.append(started ? Character.toLowerCase(letter) : letter);
            started |= Character.isUpperCase(letter);
        }
    }

    /// Whether the upper case of a letter may be several characters; all such letters lie in these blocks.
    private static boolean isExpanding(int c) {
        return c == 'ß' || c == 'ŉ' || c == 'ǰ' || c == 'ΐ' || c == 'ΰ' || c == 'և' || c >= 0x1e96 && c <= 0x1e9a
                || c >= 0x1f50 && c <= 0x1ffc || c >= 0xfb00 && c <= 0xfb17;
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= NON_ASCII) {
                return false;
            }
        }
        return true;
    }

    /// Whether there are letters with cases and all of them are upper case.
    public static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    /// Whether there are letters with cases and all of them are lower case.
    public static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    /// Whether the letter has an upper, lower or title case.
    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /// Unicode's Case_Ignorable: marks, format characters, modifiers and the punctuation inside of words.
    private static boolean isIgnorable(int c) {
        if (c < NON_ASCII) {
            return c == '\'' || c == '.' || c == ':' || c == '^' || c == '`';
        }
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.FORMAT, Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> switch (c) {
                case 0xb7, 0x387, 0x55f, 0x5f4, 0x2018, 0x2019, 0x2024, 0x2027, 0xfe13, 0xfe52, 0xfe55, 0xff07,
                        0xff0e, 0xff1a -> true;
                default -> false;
            };
        };
    }
}
