package glia.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DisplayTextTest {
    @Test
    void controlAndFormatCharactersBecomeEscapes() {
        assertEquals("a\\u001b[2Jb\\u0000\\u007f\\u009b", DisplayText.escape("a\u001b[2Jb\0\u007f\u009b"));
        assertEquals("x\\u202ey\\u2066\\u2028\\ufeff", DisplayText.escape("x\u202Ey\u2066\u2028\uFEFF"));
        assertEquals("\\n\\r\\t", DisplayText.escape("\n\r\t"));
        assertEquals("\\ud800a\\udc00", DisplayText.escape("\uD800a\uDC00"));
        assertEquals("\\udb40\\udc41", DisplayText.escape("\uDB40\uDC41"), "a tag, beyond U+FFFF");
    }

    @Test
    void otherTextStaysAsItIs() {
        String text = "Ünïcödé 你好 🙂 a\\b";
        assertSame(text, DisplayText.escape(text));
    }

    @Test
    void quotedTextIsCutAndEscaped() {
        assertEquals("\"a\\\"b\\\\c\"", DisplayText.quote("a\"b\\c"));
        assertEquals('"' + "x".repeat(200) + "…\"", DisplayText.quote("x".repeat(201)));
    }

    @Test
    void lineFeedsCanBeKept() {
        assertEquals("a\nb\\u001b", DisplayText.escapeKeepingLines("a\nb\u001b"));
        assertEquals("ab…", DisplayText.shorten("abc", 2));
        assertEquals("\\u001b…", DisplayText.shorten("\u001b\u001b", 1));
    }

    @Test
    void messagesOfExceptionsAreEscaped() {
        var error = new CheckpointException(Path.of("a\u001b[31m"), "tensor x\ny", "found \u202e\nsecond line");
        assertEquals("a\\u001b[31m: tensor x\\ny: found \\u202e\nsecond line", error.getMessage());
        var huge = new CheckpointException(Path.of("a"), "tensor " + "x".repeat(100_000), "y".repeat(100_000));
        assertTrue(huge.getMessage().length() < 5000);
    }
}
