package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegexesTest {
    @ParameterizedTest
    @ValueSource(strings = {"(a*)*", "(a+)+$", "((ab)?|c)*", "(?:a|a)*b", "(x(y*)z){2,}", "(a|b)+?", "(a", "a)", "[a",
        "", "(?i:(\\s*\\n)+)*"})
    void whatCouldSearchForEverIsRefused(String regex) {
        assertThrows(IllegalArgumentException.class, () -> Regexes.check(regex));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "(a|b)", "(a|b)?", "(a+)?", "(abc)*", "(?=(\\d{3})+(?!\\d))", "[(*+|]+", "\\(+\\)*",
        "[^]]+", "[[:alpha:]]+", "\\p{L}+|\\x{4E00}*", "(?:a|b)?+",
        "[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"})
    void whatModelsUseIsNot(String regex) {
        assertDoesNotThrow(() -> Regexes.check(regex));
    }

    @Test
    void deepNestingEndsSoon() {
        String deep = "(".repeat(9000) + ")".repeat(9000);
        assertThrows(IllegalArgumentException.class, () -> Regexes.check(deep));
    }
}
