package glia.engine.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Workers;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Losses of post-training, each in a few lines, against the first step of whole training runs with TRL 1.16: the loss,
/// and its gradient for every weight.
class LossGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources");

    /// What a step of a run began with and what it gave.
    private record Step(double loss, SafetensorsCheckpoint tensors) implements AutoCloseable {
        static Step of(String name) throws IOException {
            String json = Files.readString(FOLDER.resolve("golden-training/" + name + ".json"));
            Matcher loss = Pattern.compile("\"step_loss\": ([-0-9.e]+)").matcher(json);
            if (!loss.find()) {
                throw new IOException("no loss in " + name);
            }
            return new Step(Double.parseDouble(loss.group(1)),
                    SafetensorsCheckpoint.open(FOLDER.resolve("golden-training/" + name + ".safetensors")));
        }

        int[][] ids(String input) throws IOException {
            Tensor t = tensors.tensor("step0." + input);
            int[][] rows = new int[t.rows()][t.cols()];
            for (int i = 0; i < t.size(); i++) {
                rows[i / t.cols()][i % t.cols()] =
                        (int) t.memory().getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i);
            }
            return rows;
        }

        float[] reals(String input) throws IOException {
            return tensors.tensor("step0." + input).toArray();
        }

        @Override
        public void close() {
            tensors.close();
        }
    }

    /// Prompts, padded at the left, with completions, padded at the right. Weights are 1 where the completion counts.
    private static TokenBatch rollouts(Step step) throws IOException {
        int[][] prompts = step.ids("prompt_ids");
        int[][] promptMask = step.ids("prompt_mask");
        int[][] completions = step.ids("completion_ids");
        int[][] mask = step.ids("completion_mask");
        TokenBatch batch = new TokenBatch();
        for (int s = 0; s < prompts.length; s++) {
            int[] ids = new int[prompts[s].length + completions[s].length];
            float[] weights = new float[ids.length];
            int count = 0;
            for (int i = 0; i < prompts[s].length; i++) {
                if (promptMask[s][i] != 0) {
                    ids[count++] = prompts[s][i];
                }
            }
            for (int i = 0; i < completions[s].length; i++) {
                weights[count] = mask[s][i];
                ids[count++] = completions[s][i];
            }
            batch.add(Arrays.copyOf(ids, count), Arrays.copyOf(weights, count));
        }
        return batch;
    }

    /// The numbers at the places that a mask chooses, row by row.
    private static float[] chosen(float[] numbers, int[][] mask) {
        float[] some = new float[numbers.length];
        int count = 0;
        for (int i = 0; i < numbers.length; i++) {
            if (mask[i / mask[0].length][i % mask[0].length] != 0) {
                some[count++] = numbers[i];
            }
        }
        return Arrays.copyOf(some, count);
    }

    private static int[] rowsOf(TokenBatch batch) {
        int[] counts = new int[batch.numSequences()];
        for (int sequence : batch.sequences()) {
            counts[sequence]++;
        }
        return counts;
    }

    /// Of each row its share of the mean over sequences of means over tokens.
    private static float[] shares(TokenBatch batch) {
        int[] counts = rowsOf(batch);
        int[] sequences = batch.sequences();
        float[] shares = new float[sequences.length];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = 1f / counts[sequences[i]] / counts.length;
        }
        return shares;
    }

    private static float[] ofRows(TokenBatch batch, float[] ofSequences) {
        int[] sequences = batch.sequences();
        float[] each = new float[sequences.length];
        for (int i = 0; i < each.length; i++) {
            each[i] = ofSequences[sequences[i]];
        }
        return each;
    }

    @Test
    void supervisedFineTuning() throws IOException {
        try (Step step = Step.of("sft-completion")) {
            int[][] ids = step.ids("input_ids");
            int[][] labels = step.ids("labels");
            TokenBatch batch = new TokenBatch();
            for (int s = 0; s < ids.length; s++) {
                float[] weights = new float[ids[s].length];
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = labels[s][i] >= 0 ? 1 : 0;
                }
                batch.add(ids[s], weights);
            }
            check(step, batch, Loss.CROSS_ENTROPY);
        }
    }

    /// https://arxiv.org/abs/2402.03300, with logits divided by a temperature.
    @Test
    void groupRelativePolicyOptimization() throws IOException {
        try (Step step = Step.of("grpo-grpo-temp")) {
            TokenBatch batch = rollouts(step);
            float[] old = chosen(step.reals("old_per_token_logps"), step.ids("completion_mask"));
            float[] advantages = ofRows(batch, step.reals("advantages"));
            float[] shares = shares(batch);
            check(step, batch, p -> {
                Value ratio = p.tokens(0.7, false, 0).logProbs().minus(p.constant(old)).exp();
                Value gain = p.constant(advantages);
                Value clipped = ratio.clamp(1 - 0.2, 1 + 0.2).times(gain);
                return ratio.times(gain).min(clipped).times(p.constant(shares)).sum().times(-1);
            });
        }
    }

    /// https://arxiv.org/abs/2507.18071: one ratio a sequence.
    @Test
    void groupSequencePolicyOptimization() throws IOException {
        try (Step step = Step.of("gspo")) {
            TokenBatch batch = rollouts(step);
            float[] old = chosen(step.reals("old_per_token_logps"), step.ids("completion_mask"));
            float[] advantages = step.reals("advantages");
            float[] ofMean = new float[batch.numSequences()];
            for (int s = 0; s < ofMean.length; s++) {
                ofMean[s] = 1f / rowsOf(batch)[s];
            }
            check(step, batch, p -> {
                Value sums = p.sequenceSums(p.logProbs().minus(p.constant(old)));
                Value ratio = sums.times(p.constant(ofMean)).exp();
                Value gain = p.constant(advantages);
                return ratio.times(gain).min(ratio.clamp(1 - 0.1, 1 + 0.15).times(gain)).mean().times(-1);
            });
        }
    }

    /// https://arxiv.org/abs/2305.18290; the reference is the model as it is.
    @Test
    void directPreferenceOptimization() throws IOException {
        try (Step step = Step.of("dpo-sigmoid")) {
            int[][] ids = step.ids("input_ids");
            int[][] mask = step.ids("completion_mask");
            int[][] attended = step.ids("attention_mask");
            TokenBatch batch = new TokenBatch();
            for (int s = 0; s < ids.length; s++) {
                int count = Arrays.stream(attended[s]).sum();
                float[] weights = new float[count];
                for (int i = 0; i < count; i++) {
                    weights[i] = mask[s][i];
                }
                batch.add(Arrays.copyOf(ids[s], count), weights);
            }
            int[] chosen = {0, 1, 2, 3};
            int[] rejected = {4, 5, 6, 7};
            check(step, batch, p -> {
                Value logRatio = p.sequenceSums(p.logProbs().minus(p.logProbs().detached()));
                Value margin = logRatio.rows(chosen).minus(logRatio.rows(rejected));
                return margin.times(0.3).logSigmoid().mean().times(-1);
            });
        }
    }

    private static void check(Step step, TokenBatch batch, Loss loss) throws IOException {
        try (Model model = ModelLoader.load(FOLDER.resolve("golden/llama")); Workers workers = new Workers(2);
                TrainingPass training = TrainingPass.of(model, KernelBackends.choose("best", workers).kernels(),
                        TrainingOptions.defaults())) {
            assertEquals(step.loss, training.loss(batch, loss), 1e-4);
            Map<String, Tensor> gradients = training.gradients();
            int count = 0;
            for (String name : step.tensors.names()) {
                if (name.startsWith("step0.grad.")) {
                    count++;
                    assertClose(step.tensors.tensor(name), gradients.get(name.substring("step0.grad.".length())), name);
                }
            }
            assertEquals(gradients.size(), count);
        }
    }

    private static void assertClose(Tensor expected, Tensor found, String name) {
        assertEquals(DType.F32, expected.dtype());
        double largest = 0;
        for (int i = 0; i < expected.size(); i++) {
            largest = Math.max(largest, Math.abs(expected.get(i)));
        }
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), 1e-3 * largest, name + ", number " + i);
        }
    }
}
