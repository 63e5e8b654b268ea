package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Policy-gradient losses in `Value` against TRL 1.16 on log-probabilities whose ratios clip on both sides: values and
/// gradients, one ratio a token (https://arxiv.org/abs/2402.03300) or a sequence (https://arxiv.org/abs/2507.18071),
/// with and without the divergence from a reference.
class PolicyLossGoldenTest {
    private static final Path FILE = Path.of("src/test/resources/golden-training/policy-losses.safetensors");

    @ParameterizedTest
    @CsvSource({"grpo,token,0.0", "grpo,token,0.04", "grpo,sequence,0.0", "grpo,sequence,0.04",
        "bnpo,token,0.0", "bnpo,token,0.04", "bnpo,sequence,0.0", "bnpo,sequence,0.04",
        "dr_grpo,token,0.0", "dr_grpo,token,0.04", "dr_grpo,sequence,0.0", "dr_grpo,sequence,0.04",
        "dapo,token,0.0", "dapo,token,0.04", "dapo,sequence,0.0", "dapo,sequence,0.04"})
    void lossAndGradient(String type, String level, String beta) throws IOException {
        String id = type + "-" + level + "-beta" + beta;
        try (SafetensorsCheckpoint file = SafetensorsCheckpoint.open(FILE); Workers workers = new Workers(2);
                Gradients gradients = new Gradients();
                Recorder ops = new Recorder(KernelBackends.choose("best", workers).kernels(), gradients)) {
            Tensor mask = file.tensor("mask");
            int[] places = IntStream.range(0, (int) mask.size()).filter(i -> mask.get(i) != 0).toArray();
            int[] sequences = Arrays.stream(places).map(i -> i / mask.cols()).toArray();
            int numSequences = mask.rows();
            float[] lengths = new float[numSequences];
            Arrays.stream(sequences).forEach(s -> lengths[s]++);
            Weight learned = new Weight.Stored(file.tensor("logp_new").reshape(mask.size(), 1));
            Value logProbs = new Value(ops, ops.embed(learned, places, places.length));
            Value old = Value.constant(ops, chosen(file, "logp_old", places));
            Value reference = Value.constant(ops, chosen(file, "logp_ref", places));
            Value gain = Value.constant(ops, file.tensor("advantages").toArray()).rows(sequences);
            Value perSequence = Value.constant(ops, lengths);

            Value ratio = logProbs.minus(old);
            if (level.equals("sequence")) {
                ratio = ratio.groupSums(sequences, numSequences).dividedBy(perSequence).rows(sequences);
            }
            ratio = ratio.exp();
            Value losses = ratio.times(gain).min(ratio.clamp(0.8, 1.28).times(gain)).times(-1);
            Value distance = reference.minus(logProbs);
            Value divergence = distance.exp().minus(distance).plus(-1);
            losses = losses.plus(divergence.times(ratio).times(Double.parseDouble(beta)));
            Value loss = switch (type) {
                case "grpo" -> losses.groupSums(sequences, numSequences).dividedBy(perSequence).mean();
                case "bnpo" -> losses.mean();
                case "dr_grpo" -> losses.sum().times(1.0 / (numSequences * 24));
                default -> losses.sum().times(1.0 / 110);
            };

            assertEquals(file.tensor("loss." + id).get(0), loss.number(), 1e-6);
            loss.backward();
            float[] expected = file.tensor("grad." + id).toArray();
            Tensor found = gradients.of(learned);
            double largest = IntStream.range(0, expected.length).mapToDouble(i -> Math.abs(expected[i])).max()
                    .orElseThrow();
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], found.get(i), 1e-4 * largest, "place " + i);
            }
        }
    }

    private static float[] chosen(SafetensorsCheckpoint file, String name, int[] places) throws IOException {
        Tensor all = file.tensor(name);
        float[] some = new float[places.length];
        for (int i = 0; i < places.length; i++) {
            some[i] = all.get(places[i]);
        }
        return some;
    }
}
