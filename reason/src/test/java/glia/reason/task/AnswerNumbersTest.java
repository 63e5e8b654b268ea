package glia.reason.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.reason.reward.math.AnswerText;
import glia.reason.reward.math.Rational;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerNumbersTest {
    @ParameterizedTest
    @ValueSource(strings = {"7", "= 7", "x = 7", "3 + 4 = 7", "The answer is 7.", "So 2 * 3 + 1 = 6 + 1 = 7",
            "7 apples",
        "7.0", "14/2", "$7", "\\(x = 7\\)", "**7**", "+7", "She has 7 apples left!", "\\text{7}", "it's 7"})
    void aSingleNumberIsRead(String text) {
        assertEquals(Optional.of(Rational.of(7)), AnswerNumbers.single(AnswerText.plain(text)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "seven", "7 8", "7 or 8", "x = 6 or x = 7", "6, 3 + 4 = 7", "x = 6\nx = 7", "3 + 4",
            "7x",
        "not 7", "x - 7", "7 - 0", "7 = ", "sqrt 49", "7e0", "6\n7", "7%", "7^1", "7!1", "about6.7.", "\u0667", "7 x",
        "it isn't 7", "x = 6 x = 7", "x != 7 or 8", "6; 3 + 4 = 7", "7/0", "seven = 6 and 1 = 7", "7 times 1",
        "(7)(1)"})
    void anythingElseIsNot(String text) {
        assertEquals(Optional.empty(), AnswerNumbers.single(AnswerText.plain(text)));
    }

    @Test
    void largeNumbersMayHaveCommas() {
        assertEquals(Optional.of(Rational.of(1_234_567)), AnswerNumbers.single("1,234,567"));
        assertEquals(Optional.empty(), AnswerNumbers.single("1,23"));
        assertEquals(Optional.of(List.of(Rational.of(1), Rational.of(234))), AnswerNumbers.in("1,234"));
    }
}
