package glia.train.run;

import glia.engine.pass.Engine;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.model.block.Pass;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/// Generates continuations of several prompts in one batch, token by token in step, so that results depend on the
/// prompts and the seed alone.
///
/// @param vocabSize tokens that may be sampled
/// @param ends tokens that end a text; they belong to it
/// @param maxTokens most generated tokens
/// @param temperature of sampling; 0 is greedy
public record BatchGeneration(Engine engine, int vocabSize, IntPredicate ends, int maxTokens, double temperature) {
    /// A prompt that grows.
    private static final class Text {
        final Sequence sequence;
        final Sampler sampler;
        final int limit;
        int[] ids;
        int length;

        Text(Sequence sequence, Sampler sampler, int[] prompt, int limit) {
            this.sequence = sequence;
            this.sampler = sampler;
            this.limit = limit;
            ids = Arrays.copyOf(prompt, limit);
            length = prompt.length;
        }
    }

    /// The prompts with their continuations.
    ///
    /// @param prompts one without tokens is not continued
    /// @param seed the random seed of the batch
    public List<int[]> of(List<int[]> prompts, long seed) {
        List<Text> texts = new ArrayList<>();
        try {
            for (int i = 0; i < prompts.size(); i++) {
                int[] prompt = prompts.get(i);
                int limit = Math.max(prompt.length, Math.min(engine.model().spec().contextLength(),
                        prompt.length + maxTokens));
                SamplingOptions options = SamplingOptions.neutral().withTemperature((float) temperature)
                        .withSeed(seed * 1_000_003 + i);
                texts.add(new Text(engine.open(), new Sampler(options, vocabSize), prompt, limit));
            }
            List<Text> growing = new ArrayList<>(texts);
            growing.removeIf(t -> t.length == 0 || t.length >= t.limit);
            while (!growing.isEmpty()) {
                for (Text t : growing) {
                    engine.add(t.sequence, t.ids, t.sequence.length(), t.length, Pass.Outputs.LAST);
                }
                Tensor logits = engine.run();
                for (int i = 0; i < growing.size(); i++) {
                    Text t = growing.get(i);
                    int token = t.sampler.sample(logits, i);
                    t.sampler.accept(token);
                    t.ids[t.length++] = token;
                }
                growing.removeIf(t -> t.length >= t.limit || ends.test(t.ids[t.length - 1]));
            }
            return texts.stream().map(t -> Arrays.copyOf(t.ids, t.length)).toList();
        } finally {
            texts.forEach(t -> t.sequence.close());
        }
    }
}
