package glia.train.run;

import glia.engine.Engine;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.Sequence;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/// Texts that a model continues while it is trained. The same prompts, with the same random seed each time.
public final class TextSamples implements Supplier<Map<String, String>> {
    private static final float TEMPERATURE = 0.8f;

    private final Engine engine;
    private final Tokenizer tokenizer;
    private final List<String> prompts;
    private final Function<String, int[]> encoder;
    private final int maxTokens;
    private final long seed;

    /// @param engine of the model that is trained
    /// @param encoder turns a prompt into tokens: plainly, or as a chat
    public TextSamples(Engine engine, Tokenizer tokenizer, List<String> prompts, Function<String, int[]> encoder,
            int maxTokens, long seed) {
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.prompts = List.copyOf(prompts);
        this.encoder = encoder;
        this.maxTokens = maxTokens;
        this.seed = seed;
    }

    @Override
    public Map<String, String> get() {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String prompt : prompts) {
            texts.put(prompt, continued(encoder.apply(prompt)));
        }
        return texts;
    }

    private String continued(int[] prompt) {
        Sampler sampler = new Sampler(SamplingOptions.neutral().withTemperature(TEMPERATURE).withSeed(seed),
                tokenizer.vocabSize());
        int limit = Math.min(prompt.length + maxTokens, engine.model().spec().contextLength());
        int[] ids = Arrays.copyOf(prompt, Math.max(limit, prompt.length));
        int length = prompt.length;
        try (Sequence sequence = engine.open()) {
            while (length < limit && length > 0) {
                var logits = engine.prefill(sequence, ids, sequence.length(), length, () -> false);
                int token = sampler.sample(logits, 0);
                if (tokenizer.endOfGeneration().contains(token)) {
                    break;
                }
                sampler.accept(token);
                ids[length++] = token;
            }
        }
        return tokenizer.decode(Arrays.copyOfRange(ids, prompt.length, length), true);
    }
}
