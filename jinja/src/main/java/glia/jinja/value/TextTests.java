package glia.jinja.value;

import java.util.Set;

/// The methods of strings that test all characters: `isalpha`, `isdigit`…
public final class TextTests {
    static final Set<String> NAMES = Set.of("isalpha", "isdigit", "isdecimal", "isnumeric", "isalnum", "isspace",
            "isupper", "islower", "istitle", "isidentifier", "isascii", "isprintable");

    private TextTests() {
    }

    static boolean test(String text, String name, Budget budget) {
        charge(text, budget);
        return switch (name) {
            case "isalpha" -> !text.isEmpty() && text.codePoints().allMatch(Character::isLetter);
            case "isdigit" -> !text.isEmpty() && text.codePoints().allMatch(TextTests::isDigit);
            case "isdecimal" -> !text.isEmpty() && text.codePoints().allMatch(Character::isDigit);
            case "isnumeric" -> !text.isEmpty() && text.codePoints().allMatch(TextTests::isNumeric);
            case "isalnum" -> !text.isEmpty()
                    && text.codePoints().allMatch(c -> Character.isLetter(c) || isNumeric(c));
            case "isspace" -> !text.isEmpty() && text.codePoints().allMatch(Text::isSpace);
            case "isupper" -> upper(text);
            case "islower" -> lower(text);
            case "istitle" -> isTitle(text);
            case "isidentifier" -> isIdentifier(text);
            case "isascii" -> text.chars().allMatch(c -> c < 0x80);
            case "isprintable" -> text.codePoints().allMatch(Text::isPrintable);
            default -> throw new AssertionError(name);
        };
    }

    private static void charge(String text, Budget budget) {
        budget.work(text.length());
        budget.bytes(512);
    }

    /// Whether there are letters with cases and all of them are upper case.
    public static boolean isUpper(String text, Budget budget) {
        charge(text, budget);
        return upper(text);
    }

    /// Whether there are letters with cases and all of them are lower case.
    public static boolean isLower(String text, Budget budget) {
        charge(text, budget);
        return lower(text);
    }

    private static boolean upper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    private static boolean lower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    private static boolean isTitle(String text) {
        boolean inWord = false;
        boolean any = false;
        for (int i = 0, c; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
            boolean lower = Character.isLowerCase(c);
            if (upper && inWord || lower && !inWord) {
                return false;
            }
            inWord = upper || lower;
            any |= inWord;
        }
        return any;
    }

    /// Decimal digits, and the raised, lowered and circled ones.
    private static boolean isDigit(int c) {
        if (Character.isDigit(c)) {
            return true;
        }
        int value = Character.getNumericValue(c);
        boolean fraction = c >= 0xbc && c <= 0xbe || c >= 0x2150 && c <= 0x215f;
        return Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9 && !fraction
                && !(c >= 0x3192 && c <= 0x3195) && !(c >= 0x3220 && c <= 0x3229) && !(c >= 0x3280 && c <= 0x3289);
    }

    private static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    /// Whether the text has the form of a variable's name.
    static boolean isIdentifier(String text) {
        if (text.isEmpty()) {
            return false;
        }
        int first = text.codePointAt(0);
        return (first == '_' || Character.isUnicodeIdentifierStart(first))
                && text.codePoints().allMatch(c -> c == '_' || Character.isUnicodeIdentifierPart(c)
                        && !Character.isIdentifierIgnorable(c));
    }
}
