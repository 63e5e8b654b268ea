package glia.engine.grammar.regex;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// A set of Unicode characters without surrogates, as sorted ranges.
public final class CodePoints {
    /// The last character.
    public static final int LAST = Character.MAX_CODE_POINT;
    private static final int FIRST_SURROGATE = Character.MIN_SURROGATE;
    private static final int LAST_SURROGATE = Character.MAX_SURROGATE;

    /// All characters.
    public static final CodePoints ALL = of(0, LAST);
    /// No character.
    public static final CodePoints NONE = new CodePoints(new int[0]);
    /// `\d`.
    public static final CodePoints DIGITS = of('0', '9');
    /// `\w`.
    public static final CodePoints WORD = of('0', '9', 'A', 'Z', '_', '_', 'a', 'z');
    /// `\s` of ECMA-262.
    public static final CodePoints SPACE = of(9, 13, 32, 32, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029,
            0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000, 0xFEFF, 0xFEFF);
    /// What `.` matches: all but the ends of lines.
    public static final CodePoints DOT = of(10, 10, 13, 13, 0x2028, 0x2029).complement();

    /// The general categories by the numbers of [Character#getType].
    private static final List<String> TYPES = List.of("Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl",
            "No", "", "Zs", "Zl", "Zp", "Cc", "Cf", "", "Co", "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk",
            "So",
            "Pi", "Pf");
    /// Properties that a character has or has not.
    private static final Map<String, IntPredicate> PROPERTIES = Map.of("Alphabetic", Character::isAlphabetic,
            "Alpha", Character::isAlphabetic, "Uppercase", Character::isUpperCase, "Lowercase", Character::isLowerCase,
            "Ideographic", Character::isIdeographic, "Emoji", Character::isEmoji, "Emoji_Presentation",
            Character::isEmojiPresentation, "ASCII", c -> c < 128, "Any", _ -> true);
    private static final Map<String, CodePoints> CATEGORIES = new ConcurrentHashMap<>();

    /// First and last of each range.
    private final int[] bounds;

    private CodePoints(int[] bounds) {
        this.bounds = bounds;
    }

    /// The union of ranges, each given by its first and last character.
    public static CodePoints of(int... firstAndLast) {
        List<int[]> ranges = new ArrayList<>();
        for (int i = 0; i < firstAndLast.length; i += 2) {
            int first = firstAndLast[i];
            int last = firstAndLast[i + 1];
            if (first < FIRST_SURROGATE) {
                ranges.add(new int[] {first, Math.min(last, FIRST_SURROGATE - 1)});
            }
            if (last > LAST_SURROGATE) {
                ranges.add(new int[] {Math.max(first, LAST_SURROGATE + 1), last});
            }
        }
        ranges.sort(Comparator.comparingInt(r -> r[0]));
        int[] merged = new int[2 * ranges.size()];
        int n = 0;
        for (int[] range : ranges) {
            if (range[0] > range[1]) {
                continue;
            }
            if (n > 0 && range[0] <= merged[n - 1] + 1) {
                merged[n - 1] = Math.max(merged[n - 1], range[1]);
            } else {
                merged[n++] = range[0];
                merged[n++] = range[1];
            }
        }
        return new CodePoints(Arrays.copyOf(merged, n));
    }

    /// The characters of all of some sets.
    public static CodePoints union(Collection<CodePoints> sets) {
        return of(sets.stream().flatMapToInt(set -> Arrays.stream(set.bounds)).toArray());
    }

    /// The characters of one of two sets.
    public CodePoints or(CodePoints other) {
        int[] both = Arrays.copyOf(bounds, bounds.length + other.bounds.length);
        System.arraycopy(other.bounds, 0, both, bounds.length, other.bounds.length);
        return of(both);
    }

    /// All others.
    public CodePoints complement() {
        int[] others = new int[bounds.length + 2];
        int n = 0;
        int next = 0;
        for (int i = 0; i < bounds.length; i += 2) {
            if (next < bounds[i]) {
                others[n++] = next;
                others[n++] = bounds[i] - 1;
            }
            next = bounds[i + 1] + 1;
        }
        if (next <= LAST) {
            others[n++] = next;
            others[n++] = LAST;
        }
        return of(Arrays.copyOf(others, n));
    }

    /// The characters of both sets.
    public CodePoints and(CodePoints other) {
        return complement().or(other.complement()).complement();
    }

    /// With the characters that differ by case alone, by simple case folding as in ECMA-262 with the flags `i` and `u`.
    public CodePoints ignoringCase() {
        if (isOne()) {
            int[] alike = Cases.OF.get(bounds[0]);
            return alike == null ? this : ofEach(Arrays.stream(alike));
        }
        CodePoints others = ofEach(Cases.ALIKE.stream().filter(this::hasAny).flatMapToInt(Arrays::stream));
        return others.isEmpty() ? this : or(others);
    }

    /// Whether this is one character.
    boolean isOne() {
        return bounds.length == 2 && bounds[0] == bounds[1];
    }

    private boolean hasAny(int[] characters) {
        for (int c : characters) {
            if (has(c)) {
                return true;
            }
        }
        return false;
    }

    private static CodePoints ofEach(IntStream characters) {
        return of(characters.flatMap(c -> IntStream.of(c, c)).toArray());
    }

    /// Sets of characters that differ by case alone.
    private static final class Cases {
        private static final int DOTTED = 0x130;
        private static final int DOTLESS = 0x131;
        private static final int LAST_CASED = 0x1FFFF;
        static final List<int[]> ALIKE = alike();
        static final Map<Integer, int[]> OF = new HashMap<>();

        static {
            ALIKE.forEach(all -> Arrays.stream(all).forEach(c -> OF.put(c, all)));
        }

        private static List<int[]> alike() {
            Map<Integer, Set<Integer>> folded = new HashMap<>();
            for (int c = 0; c <= LAST_CASED; c++) {
                int one = Character.toLowerCase(Character.toUpperCase(c));
                // Both become an i, from which Unicode's folding keeps them apart.
                if (one != c && c != DOTTED && c != DOTLESS) {
                    folded.computeIfAbsent(one, _ -> new HashSet<>(Set.of(one))).add(c);
                }
            }
            return folded.values().stream().map(all -> all.stream().mapToInt(Integer::intValue).toArray()).toList();
        }
    }

    boolean has(int codePoint) {
        int at = Arrays.binarySearch(bounds, codePoint);
        // Within a range, an odd number of bounds is before the character.
        return at >= 0 || (-at - 1) % 2 == 1;
    }

    boolean isEmpty() {
        return bounds.length == 0;
    }

    int[] bounds() {
        return bounds;
    }

    /// The characters of a general category such as `Lu` or `L`; null if there is none of this name.
    public static CodePoints category(String name) {
        String key = key(name);
        if (key.isEmpty()) {
            return null;
        }
        return CATEGORIES.computeIfAbsent(key, one -> scan(property(one)));
    }

    /// One name for all spellings of a property; empty if it is not supported.
    private static String key(String name) {
        for (String prefix : List.of("Script=", "sc=")) {
            if (name.startsWith(prefix)) {
                try {
                    return "sc=" + Character.UnicodeScript.forName(name.substring(prefix.length()));
                } catch (IllegalArgumentException e) {
                    return "";
                }
            }
        }
        String category = switch (name.replaceFirst("^(General_Category|gc)=", "")) {
            case "Letter" -> "L";
            case "Number" -> "N";
            case "Punctuation" -> "P";
            case "Uppercase_Letter" -> "Lu";
            case "Lowercase_Letter" -> "Ll";
            case String other -> other;
        };
        return PROPERTIES.containsKey(name) ? name
                : category.matches("L|M|N|P|S|Z|C|L[ultmo]|M[nce]|N[dlo]|P[cdseifo]|S[mcko]|Z[slp]|C[cf]") ? category
                : "";
    }

    private static IntPredicate property(String key) {
        if (key.startsWith("sc=")) {
            Character.UnicodeScript script = Character.UnicodeScript.valueOf(key.substring(3));
            return c -> Character.UnicodeScript.of(c) == script;
        }
        return PROPERTIES.getOrDefault(key, c -> TYPES.get(Character.getType(c)).startsWith(key));
    }

    private static CodePoints scan(IntPredicate property) {
        int[] found = new int[64];
        int n = 0;
        int start = -1;
        for (int c = 0; c <= LAST + 1; c++) {
            boolean is = c <= LAST && (c < FIRST_SURROGATE || c > LAST_SURROGATE)
                    && property.test(c);
            if (is && start < 0) {
                start = c;
            } else if (!is && start >= 0) {
                if (n == found.length) {
                    found = Arrays.copyOf(found, 2 * n);
                }
                found[n++] = start;
                found[n++] = c - 1;
                start = -1;
            }
        }
        return of(Arrays.copyOf(found, n));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CodePoints o && Arrays.equals(bounds, o.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }
}
