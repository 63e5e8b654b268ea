package glia.engine.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whole models of Qwen Omni speak, and Pocket TTS with its codec in a voice: codes and samples of a text, against the
/// parts of Transformers put together as its `generate` does.
class SpeakerTest {
    private static final String TEXT = "Hello there.";

    @TempDir
    Path temporary;

    private static Path folder(String name) throws URISyntaxException {
        return Path.of(SpeakerTest.class.getResource("/golden-speech/" + name + "/config.json").toURI()).getParent();
    }

    private static float[] speak(Path folder, String text, Speaker.Options options) throws CheckpointException {
        List<Float> all = new ArrayList<>();
        try (Speaker speaker = Speaker.load(folder, LoadOptions.defaults().withPrecision(Precision.EXACT))) {
            assertTrue(speaker.bytes() > 50_000);
            assertTrue(speaker.speak(text, options, samples -> {
                for (float x : samples) {
                    all.add(x);
                }
                return true;
            }));
        }
        float[] samples = new float[all.size()];
        IntStream.range(0, samples.length).forEach(i -> samples[i] = all.get(i));
        return samples;
    }

    private static Speaker.Options voice(String name) {
        return new Speaker.Options(Optional.of(name), 1, 1, false);
    }

    @ParameterizedTest
    @CsvSource({"qwen3_omni_moe, ethan", "pocket_tts, alba"})
    void samplesAreThoseOfTheReference(String name, String voice) throws IOException, URISyntaxException {
        Path folder = folder(name);
        try (SafetensorsCheckpoint expected = SafetensorsCheckpoint.open(folder.resolve("expected.safetensors"))) {
            assertArrayEquals(expected.tensor("waveform").toArray(), speak(folder, TEXT, voice(voice)), 1e-4f);
        }
    }

    @Test
    void codesOfQwen2OmniAreThoseOfTheReference() throws IOException, URISyntaxException {
        Path folder = folder("qwen2_5_omni");
        Config config = Config.read(folder.resolve("config.json"));
        try (SafetensorsCheckpoint expected = SafetensorsCheckpoint.open(folder.resolve("expected.safetensors"));
                Workers workers = new Workers(1)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            Tensor codes = expected.tensor("codes");
            try (Compute ops = new Compute(kernels, Precision.EXACT);
                    Qwen2OmniVoice voice = new Qwen2OmniVoice(config, folder, Checkpoints.open(folder), kernels,
                            Precision.EXACT)) {
                int[] wanted = IntStream.range(0, (int) codes.size()).map(i -> (int) codes.memory()
                        .getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i)).toArray();
                assertArrayEquals(wanted, voice.codes(ops, voice.encode(TEXT, 0, false), 8, wanted.length,
                        new SplittableRandom(1), new Voice.Turns() {
                            @Override
                            public <T> T take(Supplier<T> work) {
                                return work.get();
                            }
                        }));
            }
        }
        float[] samples = speak(folder, "Hi", voice("Ethan"));
        assertTrue(samples.length > 1000);
        assertArrayEquals(samples, speak(folder, "Hi", voice("Ethan")));
        float[] other = speak(folder, "Hi", voice("Chelsie"));
        assertFalse(Arrays.equals(samples, other));
    }

    @Test
    void whatIsMissingIsNamed() throws IOException, URISyntaxException {
        Path folder = folder("qwen2_5_omni");
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(folder.resolve(name), temporary.resolve(name));
        }
        assertTrue(Speaker.describesOmni(temporary));
        assertTrue(assertThrows(CheckpointException.class, () -> Speaker.load(temporary, LoadOptions.defaults()))
                .getMessage().contains("spk_dict.pt"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> speak(folder, TEXT, voice("Nobody"))).getMessage()
                .contains("one of Chelsie, Ethan"));
    }
}
