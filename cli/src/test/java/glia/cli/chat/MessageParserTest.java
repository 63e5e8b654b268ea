package glia.cli.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jline.reader.EOFError;
import org.jline.reader.Parser.ParseContext;
import org.junit.jupiter.api.Test;

class MessageParserTest {
    @Test
    void aMessageIsOneLineUnlessItIsContinued() {
        for (String complete : new String[] {"", "hello", "don't \"quote", "a \\ b", "say \"\"\" loud",
                "\"\"\"a\nb\"\"\"", "first \\\nsecond"}) {
            assertFalse(MessageParser.isOpen(complete), complete);
        }
        for (String open : new String[] {"\\", "first \\", "first \\\nsecond \\", "\"\"\"", "\"\"\"a\nb",
                "  \"\"\"a\\"}) {
            assertTrue(MessageParser.isOpen(open), open);
        }
    }

    @Test
    void quotesAndBackslashesAreRemoved() {
        assertEquals("first \nsecond", MessageParser.message("first \\\nsecond\n"));
        assertEquals("a\n\n  b", MessageParser.message("\"\"\"\na\n\n  b\n\"\"\""));
        assertEquals("a", MessageParser.message("\"\"\"a\"\"\""));
        assertEquals("kept as it is: \"\"\"", MessageParser.message("kept as it is: \"\"\" "));
    }

    @Test
    void theEditorContinuesOnlyEnteredLines() {
        MessageParser parser = new MessageParser();
        assertThrows(EOFError.class, () -> parser.parse("a \\", 3, ParseContext.ACCEPT_LINE));
        assertEquals("/se", parser.parse("/se", 3, ParseContext.COMPLETE).word());
        assertEquals(1, parser.parse("/set te", 7, ParseContext.COMPLETE).wordIndex());
        assertEquals("", parser.parse("", 0, ParseContext.COMPLETE).word());
    }
}
