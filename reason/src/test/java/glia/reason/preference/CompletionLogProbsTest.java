package glia.reason.preference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CompletionLogProbsTest {
    private static final Path LLAMA = Path.of("../engine/src/test/resources/golden/llama");

    /// Against the softmax of the logits, in F64.
    @Test
    void sumsOfSquaresAreThoseOfTheDistribution() throws Exception {
        try (Workers workers = new Workers(1); Model model = ModelLoader.load(LLAMA, p -> true);
                TrainingPass pass = TrainingPass.of(model, KernelBackends.choose("best", workers).kernels(),
                        TrainingOptions.defaults())) {
            TokenBatch batch = new TokenBatch();
            batch.add(new int[] {3, 9, 27, 5, 11}, new float[] {0, 0, 1, 1, 1});
            batch.add(new int[] {8, 1, 60}, new float[] {0, 1, 1});
            pass.evaluate(batch, p -> {
                CompletionLogProbs found = CompletionLogProbs.of(p, new float[] {1, 1, 1, 1, 1}, true);
                Tensor logits = p.logits().tensor();
                for (int row = 0; row < 5; row++) {
                    double sum = 0;
                    double squares = 0;
                    for (int v = 0; v < logits.cols(); v++) {
                        double e = Math.exp(logits.get((long) row * logits.cols() + v));
                        sum += e;
                        squares += e * e;
                    }
                    assertEquals(Math.log(squares / (sum * sum)), found.logSumSquares().orElseThrow().tensor().get(row),
                            1e-5);
                }
                assertArrayEquals(new int[] {3, 2}, found.lengths());
                Tensor tokens = found.tokens().tensor();
                assertEquals(tokens.get(3) + tokens.get(4), found.sums().tensor().get(1), 1e-5);
                assertEquals((tokens.get(0) + tokens.get(1) + tokens.get(2)) / 3, found.means().tensor().get(0), 1e-5);
                assertEquals(-(tokens.get(0) + tokens.get(1) + tokens.get(2)) / 3,
                        found.crossEntropy(1, false).number(), 1e-5);
                return p.constant(0);
            });
        }
    }
}
