package glia.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.training.TrainingPass;
import glia.tensor.Tensor;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The public API as the README shows it.
class TenLinesTest {
    @Test
    void aChatTakesFewLines() throws IOException {
        StringBuilder received = new StringBuilder();
        try (var model = LanguageModel.load("stories260K"); var chat = model.chat()) {
            chat.options(model.options().withMaxTokens(40));
            var answer = chat.stream("Once upon a time", received::append);
            assertEquals(answer.text(), received.toString());
            assertEquals(40, answer.tokens());
        }
        assertFalse(received.isEmpty());
    }

    @Test
    void lossAndGradientsTakeThreeLines() throws IOException {
        try (var model = LanguageModel.load("stories260K"); var training = TrainingPass.of(model)) {
            double loss = training.loss("Once upon a time there was a girl.");
            Map<String, Tensor> gradients = training.gradients();
            assertTrue(loss > 0.5 && loss < 4, "loss " + loss);
            assertEquals(model.model().checkpoint().names(), gradients.keySet());
            double largest = 0;
            for (Tensor g : gradients.values()) {
                for (long i = 0; i < g.size(); i++) {
                    largest = Math.max(largest, Math.abs(g.get(i)));
                }
            }
            assertTrue(largest > 1e-3, "largest gradient " + largest);
        }
    }
}
