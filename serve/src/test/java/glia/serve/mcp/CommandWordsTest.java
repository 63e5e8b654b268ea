package glia.serve.mcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.serve.mcp.ServerSettings.CommandWords;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Command lines are split as POSIX shells split them.
class CommandWordsTest {
    @Test
    void wordsQuotesAndBackslashes() {
        assertEquals(List.of("npx", "-y", "server"), CommandWords.split("  npx -y\tserver "));
        assertEquals(List.of("a b", "c\"d", "", "e'f"), CommandWords.split("'a b' \"c\\\"d\" '' e\\'f"));
        assertEquals(List.of("x y"), CommandWords.split("x\\ y"));
        assertThrows(IllegalArgumentException.class, () -> CommandWords.split(" "));
        assertThrows(IllegalArgumentException.class, () -> CommandWords.split("a 'b"));
    }
}
