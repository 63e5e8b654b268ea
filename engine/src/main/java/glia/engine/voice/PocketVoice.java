package glia.engine.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.voice.PocketTts;
import glia.model.voice.SoundCodec;
import glia.tensor.DType;
import glia.tensor.format.Decode;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Speaks with Pocket TTS, sentence by sentence. The codec is in the folder `audio_tokenizer`, voices are the files
/// `voices/NAME.safetensors` with frames `[V, D]` of the codec.
final class PocketVoice implements Voice {
    private static final String CODEC = "audio_tokenizer";
    private static final String END = ".safetensors";
    private static final double FADE_SECONDS = 0.005;
    /// Seconds that a sentence may take: some, and some for each token.
    private static final double MOST_SECONDS = 2;
    private static final double SECONDS_OF_A_TOKEN = 1 / 3.0;

    private final PocketTts model;
    private final SoundCodec codec;
    private final Tokenizer tokenizer;
    private final Path folder;
    private final int promptToken;
    private final double frameRate;
    private final double deviation;
    private final int numSteps;
    private final double threshold;
    private final int fewest;
    private final int shortWords;
    private final int afterShort;
    private final int after;
    private final List<String> voices;

    PocketVoice(Config config, Path folder, Checkpoint checkpoint) throws CheckpointException {
        this.folder = folder;
        model = new PocketTts(config, folder, checkpoint);
        Config processor = Config.readIfPresent(folder.resolve("processor_config.json"));
        Config settings = Config.readIfPresent(folder.resolve("generation_config.json"));
        promptToken = config.integer("audio_prompt_bos_token_id");
        frameRate = config.real("frame_rate", 12.5);
        deviation = Math.sqrt(Math.max(0, settings.real("temperature", 0.7)));
        numSteps = settings.positive("num_flow_steps", 1);
        threshold = settings.real("eos_threshold", -4);
        fewest = settings.integer("min_frames_before_eos", 6);
        shortWords = processor.integer("short_text_max_words", 4);
        afterShort = processor.integer("frames_after_eos_short_text", 4);
        after = processor.integer("frames_after_eos", 2);
        Path own = folder.resolve(CODEC);
        if (!Files.exists(own.resolve("config.json"))) {
            throw new CheckpointException(own, "", "is missing: the codec of the model, a folder with config.json "
                    + "(model_type " + SoundCodec.CONTINUOUS + ") and weights");
        }
        codec = new SoundCodec(Config.read(own.resolve("config.json")), own, Checkpoints.open(own));
        tokenizer = Voice.tokenizer(folder);
        try (Stream<Path> files = Files.exists(folder.resolve("voices")) ? Files.list(folder.resolve("voices"))
                : Stream.of()) {
            List<String> found = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(END))
                    .map(name -> name.substring(0, name.length() - END.length())).sorted().toList();
            voices = found.isEmpty() ? List.of("default") : found;
        } catch (IOException e) {
            throw new CheckpointException(folder.resolve("voices"), "", e.getMessage(), e);
        }
    }

    @Override
    public int sampleRate() {
        return codec.sampleRate();
    }

    @Override
    public List<String> voices() {
        return voices;
    }

    @Override
    public long bytes() {
        return model.bytes() + codec.bytes();
    }

    /// The text as the model's training texts are: it begins with a capital and ends with a mark.
    @Override
    public int[] encode(String sentence, int voice, boolean isPhonemes) {
        Voice.requireText(isPhonemes);
        int first = sentence.codePointAt(0);
        String text = Character.toString(Character.toUpperCase(first))
                + sentence.substring(Character.charCount(first));
        return Voice.requireTokens(tokenizer.encodePlain(Character.isLetterOrDigit(text.codePointBefore(text.length()))
                ? text + "." : text, false), sentence);
    }

    @Override
    public Speech begin(Compute ops, int voice, double speed, SplittableRandom random, Turns turns) {
        Tensor own = frames(voices.get(voice));
        return (ids, sound) -> {
            int mark = ops.mark();
            int[] all = IntStream.concat(IntStream.concat(IntStream.of(promptToken).limit(own.rows()),
                    IntStream.generate(model::voiceToken).limit(own.rows())), IntStream.concat(IntStream.of(ids),
                            IntStream.of(model.startToken()))).toArray();
            Tensor none = Tensor.allocate(Arena.ofAuto(), DType.F32, 0, model.size());
            PocketTts.Generation generation = turns.take(() -> model.begin(model.rows(ops, all, own, none)));
            double most = Math.ceil((MOST_SECONDS + SECONDS_OF_A_TOKEN * ids.length) * frameRate);
            List<float[]> frames = new ArrayList<>();
            for (int left = -1; left != 0 && frames.size() < most; left--) {
                Tensor noise = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, model.size());
                for (int i = 0; i < noise.size(); i++) {
                    noise.set(i, (float) (random.nextGaussian() * deviation));
                }
                frames.add(turns.take(() -> generation.next(ops, noise, numSteps).toArray()));
                boolean isEnd = left < 0 && frames.size() > fewest && generation.end() > threshold;
                left = isEnd ? afterEnd(ids) + 1 : left;
            }
            float[] samples = turns.take(() -> samples(ops, frames));
            ops.release(mark);
            return sound.test(samples);
        };
    }

    /// Frames after the one that ends the speech, more after a few words.
    private int afterEnd(int[] ids) {
        int words = tokenizer.decode(ids, true).strip().split("\\s+").length;
        return words <= shortWords ? afterShort : after;
    }

    /// The samples of frames, whose first ones are faded in, because a codec without a past begins with a click.
    private float[] samples(Compute ops, List<float[]> frames) {
        Tensor all = Tensor.allocate(Arena.ofAuto(), DType.F32, frames.size(), model.size());
        for (int i = 0; i < all.size(); i++) {
            all.set(i, frames.get(i / model.size())[i % model.size()]);
        }
        float[] samples = codec.samples(ops, all, x -> { }).toArray();
        int faded = Math.min(samples.length, (int) (FADE_SECONDS * codec.sampleRate()));
        for (int i = 0; i < faded; i++) {
            samples[i] *= (float) i / Math.max(1, faded - 1);
        }
        return samples;
    }

    /// The frames of a voice, without which the model chooses one.
    private Tensor frames(String name) {
        Path file = folder.resolve("voices").resolve(name + END);
        if (!Files.exists(file)) {
            return Tensor.allocate(Arena.ofAuto(), DType.F32, 0, model.size());
        }
        try (SafetensorsCheckpoint stored = SafetensorsCheckpoint.open(file)) {
            String first = stored.names().stream().findFirst().orElse("");
            Tensor frames = Decode.widen(stored.tensor(first), Arena.ofAuto());
            if (stored.names().size() != 1 || frames.size() % model.size() != 0) {
                throw new CheckpointException(file, first, "is " + frames + " of " + stored.names().size()
                        + " tensors, expected one with " + model.size() + " columns");
            }
            return frames.reshape(frames.size() / model.size(), model.size());
        } catch (CheckpointException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        model.close();
        codec.close();
    }
}
