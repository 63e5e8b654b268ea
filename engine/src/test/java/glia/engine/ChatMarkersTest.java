package glia.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.sampling.SamplingOptions;
import glia.text.template.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Conversations in which the model itself speaks with a marker, and a user who only types it.
class ChatMarkersTest {
    private static final int THINK = MarkedStories.MARKER;
    private static final String TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}";

    @TempDir
    Path folder;

    @Test
    void theModelsOwnMarkersAreTokensAgain() throws IOException {
        MarkedStories.write(folder, TEMPLATE);
        SamplingOptions thinking = SamplingOptions.greedy().withLogitBias(Map.of(THINK, 1000f));
        try (LanguageModel model = LanguageModel.load(folder); Chat chat = model.chat()) {
            chat.options(new GenerationOptions(thinking, 3, List.of()));
            Answer first = chat.stream("Once", piece -> { });
            assertEquals("<think><think><think>", first.text());
            // All that was computed is there again: the last token of an answer has not been.
            Answer second = chat.stream(" upon", piece -> { });
            assertEquals(first.promptTokens() + 2, second.reusedTokens());
            int typed = model.tokenizer().encodePlain("<think>", false).length;
            assertEquals(1, model.tokenizer().encode("<think>", false).length);
            Answer third = chat.stream("<think>", piece -> { });
            assertEquals(second.promptTokens() + 3 + typed, third.promptTokens());
            assertEquals(List.of("Once", "<think><think><think>", " upon", "<think><think><think>", "<think>",
                    "<think><think><think>"), chat.messages().stream().map(m -> m.content()).toList());
        }
    }

    @Test
    void aStopStringCutsTrustedTextToo() throws IOException {
        MarkedStories.write(folder, TEMPLATE);
        SamplingOptions thinking = SamplingOptions.greedy().withLogitBias(Map.of(THINK, 1000f));
        try (LanguageModel model = LanguageModel.load(folder); Generator generator = model.generator()) {
            Answer answer = generator.generate(model.tokenizer().encode("Once", true),
                    new GenerationOptions(thinking, 5, List.of("think><think")), false, piece -> { });
            assertEquals("<", answer.text());
        }
    }

    /// Only a chat needs the template.
    @Test
    void aTemplateThatCannotBeParsedIsReportedWhenItIsNeeded() throws IOException {
        MarkedStories.write(folder, "{% if %}");
        try (LanguageModel model = LanguageModel.load(folder); Generator generator = model.generator()) {
            assertTrue(assertThrows(TemplateException.class, model::template).getMessage()
                    .contains("chat_template.jinja:1"));
            assertThrows(TemplateException.class, model::chat);
            GenerationOptions three = GenerationOptions.defaults().withMaxTokens(3);
            assertEquals(3, generator.generate(new int[] {1, 5}, three, false, piece -> { }).tokens());
        }
    }

    @Test
    void aTemplateThatRefusesAMessageLeavesTheChatAsItWas() throws IOException {
        MarkedStories.write(folder, "{% for m in messages %}{% if m.content == 'No' %}"
                + "{{ raise_exception('not this') }}{% endif %}{{ m.content }}{% endfor %}");
        try (LanguageModel model = LanguageModel.load(folder); Chat chat = model.chat()) {
            chat.options(GenerationOptions.defaults().withMaxTokens(3));
            chat.say("Once");
            assertEquals("not this", assertThrows(TemplateException.class, () -> chat.say("No")).getMessage());
            assertEquals(2, chat.messages().size());
            chat.say("Yes");
            assertEquals(4, chat.messages().size());
        }
    }
}
