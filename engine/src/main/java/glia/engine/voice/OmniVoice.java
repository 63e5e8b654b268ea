package glia.engine.voice;

import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.pytorch.PickleCheckpoint;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.text.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// Speaks with a whole Qwen Omni model: the thinker reads the text as its own reply, its talker gives codes of sound,
/// and a vocoder samples of these.
abstract class OmniVoice implements Voice {
    static final int SAMPLE_RATE = 24_000;
    private static final String INSTRUCTION = "Read the following text aloud.\n";

    /// Tokens of a conversation.
    ///
    /// @param prompt up to the reply
    /// @param reply of the thinker: the text that is spoken
    record Words(int[] prompt, int[] reply) { }

    final Tokenizer tokenizer;
    private final Config settings;

    OmniVoice(Path folder) throws CheckpointException {
        tokenizer = Voice.tokenizer(folder);
        settings = Config.readIfPresent(folder.resolve("generation_config.json"));
    }

    /// Whether the config of a whole model has a talker.
    static boolean hasTalker(Config config) throws CheckpointException {
        return config.isObject("talker_config") && config.flag("enable_audio_output", true);
    }

    @Override
    public final int sampleRate() {
        return SAMPLE_RATE;
    }

    @Override
    public final int[] encode(String sentence, int voice, boolean isPhonemes) {
        Voice.requireText(isPhonemes);
        return Voice.requireTokens(tokenizer.encodePlain(sentence, false), sentence);
    }

    /// The conversation in which the thinker says a sentence.
    final Words words(int[] sentence) {
        return new Words(tokenizer.encode("<|im_start|>user\n" + INSTRUCTION + tokenizer.decode(sentence, true)
                + "<|im_end|>\n<|im_start|>assistant\n", false), sentence);
    }

    /// Chooses the codes of a talker.
    ///
    /// @param allowed the first codes that are of sounds; further ones are forbidden
    /// @param ends codes that end the sound
    final Sampler sampler(Tensor logits, int allowed, List<Integer> ends, float topP, int topK, float repetition,
            SplittableRandom random) {
        Map<Integer, Float> forbidden = new HashMap<>();
        for (int code = allowed; code < logits.cols(); code++) {
            if (!ends.contains(code)) {
                forbidden.put(code, Float.NEGATIVE_INFINITY);
            }
        }
        try {
            return new Sampler(SamplingOptions.neutral()
                    .withTemperature((float) settings.real("talker_temperature", 0.9))
                    .withTopK(settings.integer("talker_top_k", topK))
                    .withTopP((float) settings.real("talker_top_p", topP))
                    .withRepetitionPenalty((float) settings.real("talker_repetition_penalty", repetition))
                    .withPenaltyWindow(1 << 16).withLogitBias(forbidden).withSeed(random.nextLong()), logits.cols());
        } catch (CheckpointException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /// A sampler that is made of the first logits.
    static final class Choice implements ToIntFunction<Tensor> {
        private final Function<Tensor, Sampler> make;
        private Sampler sampler;

        Choice(Function<Tensor, Sampler> make) {
            this.make = make;
        }

        @Override
        public int applyAsInt(Tensor logits) {
            sampler = sampler == null ? make.apply(logits) : sampler;
            int code = sampler.sample(logits, 0);
            sampler.accept(code);
            return code;
        }
    }

    /// The voices of Qwen2.5-Omni.
    ///
    /// @param start the token that begins what the voice says, by voice; may lack some
    /// @param numbers of the speaker, `[1, E]`, by voice
    /// @param mels spectrograms of the voice, `[R, bands]`
    record Speakers(List<String> names, Map<String, Integer> start, Map<String, Tensor> numbers,
            Map<String, Tensor> mels) {
        private static final String FILE = "spk_dict.";

        /// Reads `spk_dict.pt`, or `spk_dict.safetensors` with the same names.
        ///
        /// @param bands of a spectrogram
        static Speakers read(Path folder, int bands) throws CheckpointException {
            Path own = folder.resolve(FILE + "safetensors");
            Path torch = folder.resolve(FILE + "pt");
            if (!Files.exists(own) && !Files.exists(torch)) {
                throw new CheckpointException(torch, "", "is missing: the voices of the model");
            }
            Map<String, Integer> start = new HashMap<>();
            Map<String, Tensor> numbers = new LinkedHashMap<>();
            Map<String, Tensor> mels = new LinkedHashMap<>();
            try (Checkpoint file = Files.exists(own) ? SafetensorsCheckpoint.open(own)
                    : PickleCheckpoint.openNested(torch)) {
                if (file instanceof PickleCheckpoint pickle) {
                    pickle.numbers().forEach((name, token) -> start.put(voice(name), Math.toIntExact(token)));
                }
                for (String name : file.names()) {
                    Tensor t = Decode.widen(file.tensor(name), Arena.ofAuto());
                    if (name.endsWith(".bos_token")) {
                        start.put(voice(name), (int) t.get(0));
                    } else if (name.endsWith(".cond")) {
                        numbers.put(voice(name), t.reshape(1, t.size()));
                    } else if (name.endsWith(".ref_mel") && t.size() % bands == 0) {
                        mels.put(voice(name), t.reshape(t.size() / bands, bands));
                    }
                }
            }
            List<String> names = new ArrayList<>(numbers.keySet());
            names.retainAll(mels.keySet());
            if (names.isEmpty()) {
                throw new CheckpointException(Files.exists(own) ? own : torch, "", "holds no voice; expected "
                        + "NAME.cond and NAME.ref_mel with " + bands + " columns");
            }
            return new Speakers(List.copyOf(names), start, numbers, mels);
        }

        private static String voice(String name) {
            return name.substring(0, Math.max(0, name.lastIndexOf('.')));
        }
    }
}
