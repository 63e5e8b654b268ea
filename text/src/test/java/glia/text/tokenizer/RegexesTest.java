package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexesTest {
    private static final String LONGEST = "x".repeat(TextLimit.MAX_CHARACTERS);

    private static TextLimit limit(String regex) {
        TextLimit.Builder limit = new TextLimit.Builder();
        Regexes.bounded(regex, limit);
        return limit.build();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '@', quoteCharacter = '`', value = {
        "(a*)*                @ can be empty", "(a|aa)+$        @ in many ways", "a*a*b          @ in many ways",
        "((ab)?|c)*           @ can be empty", "(?:a|a)*b       @ in many ways", "(x+x+)+y       @ in many ways",
        "(\\s*\\n)+c          @ in many ways", "(?i:\\s)         @ case is ignored",
        "(?:a|a){1,40}c       @ in many ways", "(?:a{1,30}){30}c @ more than 1000", "(?:[ab]|b)*c @ in many ways",
        "(?=.*.*.*.*.*x)a     @ look-around",  "(?<!ab)c        @ look-around",  "(?<n>a)        @ the group '(?<'",
        "(?>a+)b              @ the group '(?>'", "(a)\\1       @ escape '\\1'", "\\Ka            @ escape '\\K'",
        "(?(a)b|c)            @ the group '(?('", "(?~ab)       @ the group '(?~'", "(*FAIL)      @ a callout",
        "(?i)a                @ the group '(?i'", "\\p{Nosuch}  @ unknown property", "\\xE4        @ a single byte",
        "(a                   @ without ')'",  "a)              @ unmatched ')'", "[a             @ an end in",
        "a{5001}              @ more than 1000 times", "(?i:ss)+ @ a ligature", "(?:ab)++        @ possessive group",
        "a{3}?                @ lazy interval", "*a             @ a quantifier",  "[z-a]          @ a range"})
    void patternsWithoutATimeBoundAreRefused(String regex, String construct) {
        String message = assertThrows(IllegalArgumentException.class, () -> limit(regex)).getMessage();
        assertTrue(message.startsWith("found the pattern \"") && message.contains(construct), message);
    }

    @Test
    void longChainsOfChoicesAreRefused() {
        for (String regex : new String[] {"a?".repeat(30) + "a".repeat(30) + "b", "(?:a|aa)".repeat(40) + "c", "",
            "(".repeat(9000) + ")".repeat(9000), "[".repeat(9000), "a".repeat(20_001), "a{1000}{1000}b"}) {
            assertThrows(IllegalArgumentException.class, () -> limit(regex), regex);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "(a|b)", "(a|b)?", "(a+)?", "(abc)*", "[(*+|]+", "\\(+\\)*", "[^]]+", "[[:alpha:]]+",
        "\\p{L}+|\\x{4E00}*", "(?:\\r?\\n)+", "\\w+|[^\\w\\s]+", "\\bfoo\\b", "(?<=\\s)x", "[a-z&&[^aeiou]]+", "a{,3}b",
        " | ?[^\\s]+|\\s+(?!\\S)", "a{", "^#+", "[+--]", "\\p{^L}+", "\\pL", "(?=.)|(?<!^)$", "(?<!\\s)\\s+$",
        "(?:'[sS]|'[tT])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,4}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+",
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|"
            + "\\s*[\\r\\n]|\\s+(?!\\S)|\\s"})
    void patternsOfLinearTimeTakeLongTexts(String regex) {
        assertTrue(limit(regex).allows(LONGEST));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a*b", ".*x", "(a|b)*c", "[ab]*?c", "\\s*[\\r\\n]+", "\\s+(?!x)\\S", "(?=(\\d{3})+(?!\\d))",
        "a|\\s*b|\\s"})
    void patternsOfQuadraticTimeTakeShortTexts(String regex) {
        TextLimit limit = limit(regex);
        assertTrue(limit.allows("x".repeat(10_000)));
        assertFalse(limit.allows("x".repeat(30_000)));
    }

    @Test
    void patternsOfPublishedModelsAreKnown() {
        for (String regex : Regexes.KNOWN) {
            assertTrue(RegexCost.of(regex).isLinear(), regex);
            assertEquals(TextLimit.NONE.bounds(), limit(regex).bounds().subList(0, 1));
            assertTrue(limit(regex).allows(LONGEST), regex);
        }
        for (PreTokenizer one : PreTokenizer.values()) {
            Components components = new Components();
            components.preTokenizer(tools.jackson.databind.json.JsonMapper.shared().readTree(one.json()));
            assertTrue(components.limit().build().allows(LONGEST), one::name);
        }
        assertFalse(RegexCost.of("\\s+$").isLinear());
        assertTrue(RegexCost.of(Regexes.SPACE_AT_LINE_END).isLinear());
        assertEquals(Regexes.SPACE_AT_LINE_END, Regexes.bounded("\\s+$", new TextLimit.Builder()));
    }

    /// Known from the pattern: how many paths a backtracking engine has for a character of a long text.
    @ParameterizedTest
    @CsvSource({"a*b,1", "(?:a|b)*c,2", "(?:a|b|c|d)*e,4"})
    void retriesAreCounted(String regex, int width) {
        assertEquals(width, RegexCost.of(regex).width());
    }
}
