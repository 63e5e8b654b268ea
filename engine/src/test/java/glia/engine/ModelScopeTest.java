package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.Grammar;
import glia.engine.schedule.Finish;
import glia.io.CheckpointException;
import glia.model.write.GgufModelWriter;
import glia.model.write.ModelWriter;
import glia.text.template.ChatMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelScopeTest {
    @TempDir
    private Path folder;

    @Test
    void aModelSaysWhatItCannotAnswer() throws IOException {
        try (LanguageModel model = LanguageModel.load("reasoner"); Chat chat = model.chat()) {
            for (String question : List.of("Hello", "Make 32 from 3, 7 and 11.", "Use 3, 7, 11 and 2 to make 32.",
                    "solve x^2-2x-8=0", "Solve x + 1 = 0.", "")) {
                Answer refusal = chat.stream(question, _ -> { });
                assertEquals("This model " + model.scope().orElseThrow().summary()
                        + ". It cannot answer other questions.", refusal.text());
                assertEquals(Finish.STOP, refusal.finish());
                assertTrue(refusal.thought().isEmpty());
            }
            assertEquals("x = 2 or x = 3", chat.say("Solve x^2 - 5x + 6 = 0."));
            assertEquals("3*7+11", chat.say("Use 3, 7, and 11 to make 32"));
            assertEquals("x = 2 or x = 3", chat.say(" Solve 2x^2 - 10x + 12 = 0.\n"));
            // Calculations are answered without thinking, whatever the effort.
            assertEquals("42", chat.say("17+25="));
            chat.options(chat.options().withGrammar(Grammar.regex("[a-z]*")));
            assertTrue(assertThrows(ScopeException.class, () -> chat.say("Hello")).getMessage()
                    .startsWith("This model solves two kinds of problems"));
        }
    }

    private static Optional<ModelScope> of(Path model) throws CheckpointException {
        return ModelScope.of(model, null);
    }

    /// A GGUF file says what the model can do, and the folder that is made of it, too.
    @Test
    void theScopeStaysWithAConvertedModel() throws IOException {
        Path file = folder.resolve("a.gguf");
        String summary;
        try (LanguageModel model = LanguageModel.load("reasoner")) {
            summary = model.scope().orElseThrow().summary();
            GgufModelWriter.write(model.model(), file, Optional.empty());
        }
        Path hub = folder.resolve("hub");
        try (LanguageModel model = LanguageModel.load(file)) {
            assertEquals(summary, model.scope().orElseThrow().summary());
            assertTrue(model.scope().get().refusal(List.of(ChatMessage.user("Hello"))).isPresent());
            ModelWriter.write(model.model(), hub);
        }
        assertEquals(summary, of(hub).orElseThrow().summary());
    }

    @Test
    void theScopeIsAFileOfTheModel() throws IOException {
        assertEquals(Optional.empty(), of(folder));
        Path file = Files.writeString(folder.resolve("a.scope.json"), "{\"summary\": \"adds\", \"questions\": []}");
        assertEquals("adds", of(folder.resolve("a.gguf")).orElseThrow().summary());
        Files.writeString(file, "{\"summary\": \"adds\", \"questions\": [\"(\"]}");
        assertTrue(assertThrows(CheckpointException.class, () -> of(folder.resolve("a.gguf"))).getMessage()
                .startsWith(file.toString()));
    }
}
