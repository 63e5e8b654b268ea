package glia.jinja.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/// Letter case is Python's, in linear time.
class LetterCaseTest {
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();
    /// A text and what CPython's `upper`, `lower`, `title` and `capitalize` make of it.
    private static final String[][] PYTHON = {
            {"\u1fb3\u00df :\u03a3\u03c3\u0301", "\u0391\u0399SS :\u03a3\u03a3\u0301",
                "\u1fb3\u00df :\u03c3\u03c3\u0301", "\u1fbc\u00df :\u03a3\u03c3\u0301",
                "\u1fbc\u00df :\u03c3\u03c3\u0301"},
            {"\u03c2\u01c5\u02b0\u03a3-\u0131\u03a3", "\u03a3\u01c4\u02b0\u03a3-I\u03a3",
                "\u03c2\u01c6\u02b0\u03c2-\u0131\u03c2", "\u03a3\u01c6\u02b0\u03c2-I\u03c2",
                "\u03a3\u01c6\u02b0\u03c2-\u0131\u03c2"},
            {"\u03c3AA\u03c3\u0149\u03c3\u0301", "\u03a3AA\u03a3\u02bcN\u03a3\u0301",
                "\u03c3aa\u03c3\u0149\u03c3\u0301", "\u03a3aa\u03c3\u0149\u03c3\u0301",
                "\u03a3aa\u03c3\u0149\u03c3\u0301"},
            {"A\u03a3\u02b0\u03c2\u0149::", "A\u03a3\u02b0\u03a3\u02bcN::", "a\u03c3\u02b0\u03c2\u0149::",
                "A\u03c3\u02b0\u03c2\u0149::", "A\u03c3\u02b0\u03c2\u0149::"},
            {"\u02b0\u03a3\u02b0\u02b0 \u03a3\u0149", "\u02b0\u03a3\u02b0\u02b0 \u03a3\u02bcN",
                "\u02b0\u03c3\u02b0\u02b0 \u03c3\u0149", "\u02b0\u03c3\u02b0\u02b0 \u03a3\u0149",
                "\u02b0\u03c3\u02b0\u02b0 \u03c3\u0149"},
            {"\u03a3\u0301\u00df\ufb01A\u00df\u0301", "\u03a3\u0301SSFIASS\u0301",
                "\u03c3\u0301\u00df\ufb01a\u00df\u0301", "\u03a3\u0301Ss\ufb01a\u00df\u0301",
                "\u03a3\u0301\u00df\ufb01a\u00df\u0301"},
            {"\u03c2\u02b0\ufb01\u0301.\u0130\u03c2", "\u03a3\u02b0FI\u0301.\u0130\u03a3",
                "\u03c2\u02b0\ufb01\u0301.i\u0307\u03c2", "\u03a3\u02b0\ufb01\u0301.\u0130\u03c2",
                "\u03a3\u02b0\ufb01\u0301.i\u0307\u03c2"},
            {"\u02b0\u02b0:\u0131\u01c5\u03c2\u0301", "\u02b0\u02b0:I\u01c4\u03a3\u0301",
                "\u02b0\u02b0:\u0131\u01c6\u03c2\u0301", "\u02b0\u02b0:I\u01c6\u03c2\u0301",
                "\u02b0\u02b0:\u0131\u01c6\u03c2\u0301"},
            {"\u2019\u03c3\u02b0\u03a3\u0391\u01311", "\u2019\u03a3\u02b0\u03a3\u0391I1",
                "\u2019\u03c3\u02b0\u03c3\u03b1\u01311", "\u2019\u03a3\u02b0\u03c3\u03b1\u01311",
                "\u2019\u03c3\u02b0\u03c3\u03b1\u01311"},
            {".\u0301A\u1fb3b\u02b0b", ".\u0301A\u0391\u0399B\u02b0B", ".\u0301a\u1fb3b\u02b0b",
                ".\u0301A\u1fb3b\u02b0b", ".\u0301a\u1fb3b\u02b0b"},
            {"\u01c5\ufb01\u0149\u0130\u2019\u0149\u03c3", "\u01c4FI\u02bcN\u0130\u2019\u02bcN\u03a3",
                "\u01c6\ufb01\u0149i\u0307\u2019\u0149\u03c3", "\u01c5\ufb01\u0149i\u0307\u2019\u02bcN\u03c3",
                "\u01c5\ufb01\u0149i\u0307\u2019\u0149\u03c3"},
            {"\u02b0\ufb01-1\u1fb3b\ufb01", "\u02b0FI-1\u0391\u0399BFI", "\u02b0\ufb01-1\u1fb3b\ufb01",
                "\u02b0\ufb01-1\u1fbcb\ufb01", "\u02b0\ufb01-1\u1fb3b\ufb01"},
            {"\u0391\u03c3\u03c2-A\u0130\u1fb3", "\u0391\u03a3\u03a3-A\u0130\u0391\u0399",
                "\u03b1\u03c3\u03c2-ai\u0307\u1fb3", "\u0391\u03c3\u03c2-Ai\u0307\u1fb3",
                "\u0391\u03c3\u03c2-ai\u0307\u1fb3"},
            {"\u00df1A\u03a3.\u03c3\u0301", "SS1A\u03a3.\u03a3\u0301", "\u00df1a\u03c3.\u03c3\u0301",
                "Ss1A\u03c3.\u03a3\u0301", "Ss1a\u03c3.\u03c3\u0301"},
            {"\u02b0\u1fb3\u1fb3\u2019\u01c5\u03911", "\u02b0\u0391\u0399\u0391\u0399\u2019\u01c4\u03911",
                "\u02b0\u1fb3\u1fb3\u2019\u01c6\u03b11", "\u02b0\u1fb3\u1fb3\u2019\u01c5\u03b11",
                "\u02b0\u1fb3\u1fb3\u2019\u01c6\u03b11"},
            {"\u02b0b\u03c3\u03c3\u01f01\u2019", "\u02b0B\u03a3\u03a3J\u030c1\u2019",
                "\u02b0b\u03c3\u03c3\u01f01\u2019", "\u02b0b\u03c3\u03c3\u01f01\u2019",
                "\u02b0b\u03c3\u03c3\u01f01\u2019"},
    };

    @Test
    void convertsAsPythonDoes() {
        for (String[] row : PYTHON) {
            String text = row[0];
            assertEquals(row[1], LetterCase.upper(text), () -> "upper " + text);
            assertEquals(row[2], LetterCase.lower(text), () -> "lower " + text);
            assertEquals(row[3], LetterCase.title(text), () -> "title " + text);
            assertEquals(row[4], LetterCase.capitalize(text), () -> "capitalize " + text);
        }
    }

    @Test
    void eachLetterByItselfIsConvertedAsThePlatformDoes() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            String letter = Character.toString(c);
            assertEquals(letter.toUpperCase(Locale.ROOT), LetterCase.upper(letter), letter);
            assertEquals(letter.toLowerCase(Locale.ROOT), LetterCase.lower(letter), letter);
        }
    }

    @Test
    void wordsOfTheTitleFilterStartUpperCase() {
        assertEquals("\u0391\u03c3 \u0392\u03b2\u03c2 (\u0392c-Def<Gh", LetterCase.titleOfWords(
                "\u0391\u03a3 \u0392\u0392\u03a3 (\u0392C-dEF<gH"));
    }

    /// `String.toUpperCase` takes minutes here.
    @Test
    void growingLettersAndSigmasTakeLinearTime() {
        int length = 2_000_000;
        long start = CPU.getCurrentThreadCpuTime();
        assertEquals(2 * length, LetterCase.upper("\u00df".repeat(length)).length());
        assertEquals(length, LetterCase.lower("\u03a3".repeat(length)).length());
        assertEquals(2 * length, LetterCase.lower("\u03a3'".repeat(length)).length());
        long millis = (CPU.getCurrentThreadCpuTime() - start) / 1_000_000;
        assertTrue(millis < 3000, millis + " ms of CPU time");
    }
}
