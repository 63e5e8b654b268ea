package glia.train.run;

import glia.engine.pass.Engine;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/// Texts that a model continues while it is trained. The same prompts, with the same random seed each time.
public final class TextSamples implements Supplier<Map<String, String>> {
    private static final double TEMPERATURE = 0.8;

    private final BatchGeneration generation;
    private final Tokenizer tokenizer;
    private final List<String> prompts;
    private final Function<String, int[]> encoder;
    private final long seed;

    /// @param engine of the model that is trained
    /// @param encoder turns a prompt into tokens: plainly, or as a chat
    public TextSamples(Engine engine, Tokenizer tokenizer, List<String> prompts, Function<String, int[]> encoder,
            int maxTokens, long seed) {
        generation = new BatchGeneration(engine, tokenizer.vocabSize(), tokenizer.endOfGeneration()::contains,
                maxTokens, TEMPERATURE);
        this.tokenizer = tokenizer;
        this.prompts = List.copyOf(prompts);
        this.encoder = encoder;
        this.seed = seed;
    }

    @Override
    public Map<String, String> get() {
        List<int[]> encoded = prompts.stream().map(encoder).toList();
        List<int[]> texts = generation.of(encoded, seed);
        Map<String, String> continued = new LinkedHashMap<>();
        for (int i = 0; i < texts.size(); i++) {
            int[] ids = texts.get(i);
            int[] added = Arrays.copyOfRange(ids, encoded.get(i).length, ids.length);
            continued.put(prompts.get(i), tokenizer.decode(added, true));
        }
        return continued;
    }
}
