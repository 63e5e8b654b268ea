package glia.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.engine.LanguageModel;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/// The public API as the README shows it.
class TenLinesTest {
    @Test
    void aStrangerConversesInTenLines() throws IOException {
        StringBuilder heard = new StringBuilder();
        try (var model = LanguageModel.load("stories260K"); var chat = model.chat()) {
            chat.options(model.options().withMaxTokens(40));
            var answer = chat.stream("Once upon a time", heard::append);
            assertEquals(answer.text(), heard.toString());
            assertEquals(40, answer.tokens());
        }
        assertFalse(heard.isEmpty());
    }
}
