package glia.text.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;

/// Sets of Unicode code points that regular expressions name: `\s`, `\p{Lu}`, `\p{Han}`, `[:alpha:]`. For one thread.
///
/// Source: Oniguruma, doc/RE and doc/UNICODE_PROPERTIES.
final class CodePointSets {
    static final int SIZE = Character.MAX_CODE_POINT + 1;
    /// General categories in the order of [Character#getType].
    private static final List<String> CATEGORIES = List.of("cn", "lu", "ll", "lt", "lm", "lo", "mn", "me", "mc", "nd",
            "nl", "no", "zs", "zl", "zp", "cc", "cf", "-", "co", "cs", "pd", "ps", "pe", "pc", "po", "sm", "sc", "sk",
            "so", "pi", "pf");
    private static final Map<String, String> LONG_NAMES = Map.of("letter", "l", "mark", "m", "number", "n",
            "punctuation", "p", "symbol", "s", "separator", "z", "other", "c");

    private final Map<String, BitSet> known = new HashMap<>();
    private BitSet[] categories;

    /// The set with only these code points.
    static BitSet of(int... codePoints) {
        BitSet set = new BitSet();
        for (int c : codePoints) {
            set.set(c);
        }
        return set;
    }

    /// All code points outside a set.
    static BitSet complement(BitSet set) {
        BitSet others = (BitSet) set.clone();
        others.flip(0, SIZE);
        return others;
    }

    /// White space: the Unicode property White_Space.
    BitSet space() {
        return known.computeIfAbsent("space", name -> {
            BitSet set = of(0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000);
            set.set('\t', '\r' + 1);
            set.set(0x2000, 0x200B);
            return set;
        });
    }

    /// Decimal digits.
    BitSet digit() {
        return category("nd");
    }

    /// Word characters: letters, marks, decimal digits and connectors.
    BitSet word() {
        return where("word", c -> Character.isAlphabetic(c) || Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER
                || Character.getType(c) == Character.CONNECTOR_PUNCTUATION
                || Character.getType(c) == Character.NON_SPACING_MARK
                || Character.getType(c) == Character.ENCLOSING_MARK
                || Character.getType(c) == Character.COMBINING_SPACING_MARK);
    }

    /// The set with a name, as `\p{...}` and `[:...:]` write it: a general category, a script or a POSIX bracket.
    Optional<BitSet> named(String name) {
        String key = name.toLowerCase(Locale.ROOT).replace(" ", "").replace("_", "").replace("-", "");
        switch (key) {
            case "any":
                return Optional.of(complement(new BitSet()));
            case "alpha", "alphabetic":
                return Optional.of(where("alpha", Character::isAlphabetic));
            case "space", "whitespace":
                return Optional.of(space());
            case "digit":
                return Optional.of(digit());
            case "word":
                return Optional.of(word());
            case "upper", "uppercase":
                return Optional.of(where("upper", Character::isUpperCase));
            case "lower", "lowercase":
                return Optional.of(where("lower", Character::isLowerCase));
            case "alnum":
                return Optional.of(where("alnum", c -> Character.isAlphabetic(c)
                        || Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER));
            case "punct":
                BitSet set = (BitSet) category("p").clone();
                "$+<=>^`|~".chars().forEach(set::set);
                return Optional.of(set);
            default:
                String category = LONG_NAMES.getOrDefault(key, key);
                boolean isCategory = category.length() == 1 || category.length() == 2;
                return isCategory && CATEGORIES.stream().anyMatch(one -> one.startsWith(category))
                        ? Optional.of(category(category)) : script(key, name);
        }
    }

    private BitSet category(String prefix) {
        return known.computeIfAbsent("category " + prefix, key -> {
            if (categories == null) {
                categories = new BitSet[CATEGORIES.size()];
                Arrays.setAll(categories, i -> new BitSet());
                for (int c = 0; c < SIZE; c++) {
                    categories[Character.getType(c)].set(c);
                }
            }
            BitSet set = new BitSet();
            for (int i = 0; i < categories.length; i++) {
                if (CATEGORIES.get(i).startsWith(prefix)) {
                    set.or(categories[i]);
                }
            }
            return set;
        });
    }

    private Optional<BitSet> script(String key, String name) {
        try {
            Character.UnicodeScript script = Character.UnicodeScript.forName(name.replace(' ', '_'));
            return Optional.of(where("script " + key, c -> Character.UnicodeScript.of(c) == script));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private BitSet where(String key, IntPredicate predicate) {
        return known.computeIfAbsent(key, name -> {
            BitSet set = new BitSet(SIZE);
            for (int c = 0; c < SIZE; c++) {
                if (predicate.test(c)) {
                    set.set(c);
                }
            }
            return set;
        });
    }
}
