package glia.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A conversation with a real model and its own template computes each token once.
class ChatReuseTest {
    private static final List<String> QUESTIONS = List.of("Why is the sky blue?",
            "Write a haiku about rain, then explain it.", "Thanks! What is 17 + 25?");

    /// Sampled answers hold tokens that an encoder would not choose.
    @Test
    void laterTurnsComputeOnlyNewTokens() throws IOException {
        try (LanguageModel model = LanguageModel.load(RealModelsTest.smolLm2())) {
            for (long seed = 1; seed <= 2; seed++) {
                GenerationOptions options = GenerationOptions.defaults().withMaxTokens(60)
                        .withSampling(SamplingOptions.neutral().withTemperature(1.5f).withSeed(seed));
                try (Chat chat = model.chat().options(options)) {
                    int held = 0;
                    for (String question : QUESTIONS) {
                        Answer answer = chat.stream(question, piece -> { });
                        assertEquals(held, answer.reusedTokens(), question);
                        // The last token of an answer is chosen, not computed.
                        held = answer.promptTokens() + answer.tokens() - 1;
                    }
                }
            }
        }
    }
}
