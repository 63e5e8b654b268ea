package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.jline.utils.WCWidth;
import org.junit.jupiter.api.Test;

class WordWrapTest {
    private static String wrap(int width, String... pieces) {
        WordWrap lines = new WordWrap(width);
        StringBuilder out = new StringBuilder();
        for (String piece : pieces) {
            out.append(lines.accept(piece));
        }
        return out.append(lines.finish()).toString();
    }

    @Test
    void linesAreWrappedBetweenWords() {
        assertEquals("one two\nthree", wrap(7, "one two three"));
        assertEquals("one two\nthree", wrap(7, "on", "e tw", "o ", "thr", "ee"));
        assertEquals("one \nthree", wrap(8, "one three"));
        assertEquals("1. a\n2. b\n\nc", wrap(80, "1. a\n2. b\n", "\nc"));
        assertEquals("", wrap(7));
    }

    @Test
    void wordsLongerThanALineAreWrappedAnywhere() {
        assertEquals("abcd\nefgh\nij k", wrap(4, "abcdefghij k"));
        assertEquals("日本\n語の\n文", wrap(4, "日本語の文"));
        assertEquals("a日\n本", wrap(4, "a日本"));
    }

    @Test
    void withoutAWidthNothingIsHeldBack() {
        assertEquals("one tw", new WordWrap(0).accept("one tw"));
        assertEquals("one ", new WordWrap(80).accept("one tw"));
    }

    @Test
    void nothingIsLostAndNoLineIsTooLong() {
        String signs = "ab cd.é日本 \n\t👩";
        Random random = new Random(1);
        for (int round = 0; round < 2000; round++) {
            int width = 2 + random.nextInt(12);
            WordWrap lines = new WordWrap(width);
            StringBuilder in = new StringBuilder();
            StringBuilder out = new StringBuilder();
            for (int i = random.nextInt(60); i > 0; i--) {
                int[] all = signs.codePoints().toArray();
                String piece = Character.toString(all[random.nextInt(all.length)]);
                in.append(piece);
                out.append(lines.accept(piece));
            }
            out.append(lines.finish());
            assertEquals(in.toString().replaceAll("[ \t\n]", ""), out.toString().replaceAll("[ \t\n]", ""));
            for (String line : out.toString().replace("\t", "").split("\n")) {
                int columns = line.codePoints().map(WCWidth::wcwidth).sum();
                assertTrue(columns <= width, () -> "'" + line + "' in " + width + " columns");
            }
        }
    }

    /// Messages keep paths whole, and their indents.
    @Test
    void messagesAreWrappedBetweenWordsOnly() {
        assertEquals("one two\nthree\n/a/long/path/of/a/file\nis it", WordWrap.betweenWords(
                "one two three /a/long/path/of/a/file is it", 10));
        assertEquals("  a b\nc d\n", WordWrap.betweenWords("  a b c d\n", 5));
        assertEquals("one two three", WordWrap.betweenWords("one two three", 0));
        assertEquals("", WordWrap.betweenWords("", 5));
    }
}
