package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.kernels.KernelBackends;
import glia.model.voice.Vits;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Models that speak, against the reference.
class VoiceGoldenTest {
    private static Path folder(String name) {
        try {
            return Path.of(VoiceGoldenTest.class.getResource("/golden-voice/" + name + "/config.json").toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"vits,scalar,9", "vits,best,9", "mimi,best,11", "csm,best,10", "pocket_tts,best,7",
        "pocket_tts_audio_tokenizer,scalar,4", "qwen3_omni_code2wav,best,5", "qwen2_5_omni_token2wav,best,9",
        "qwen2_5_omni_talker,best,5", "qwen3_omni_talker,best,6"})
    void agreesWithTheReference(String name, String kernels, int count) throws CheckpointException {
        List<CheckLine> lines = new ArrayList<>();
        assertTrue(VoiceCheck.applies(folder(name)));
        try (Workers workers = new Workers(2)) {
            VoiceCheck.run(folder(name), folder(name), KernelBackends.choose(kernels, workers).kernels(), lines::add);
        }
        assertEquals(count, lines.size(), lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }

    @Test
    void partsOfTheSoundAreThoseOfTheWhole() throws CheckpointException {
        Path path = folder("vits");
        try (Workers workers = new Workers(1); Vits vits = new Vits(Config.read(path.resolve("config.json")), path,
                Checkpoints.open(path)); Compute ops = new Compute(KernelBackends.choose("scalar", workers).kernels(),
                Precision.EXACT)) {
            SplittableRandom random = new SplittableRandom(1);
            int[] ids = new SplittableRandom(2).ints(40, 0, vits.vocabSize()).toArray();
            Vits.Utterance utterance = vits.read(ops, ids, 0);
            int count = Arrays.stream(utterance.chooseFrames(random::nextGaussian, 0.3)).sum();
            utterance.spectrogram(random::nextGaussian);
            float[] whole = utterance.waveform(0, count);
            assertEquals(count * vits.hop(), whole.length);
            int part = 7;
            for (int from = 0; from < count; from += part) {
                int to = Math.min(count, from + part);
                assertArrayEquals(Arrays.copyOfRange(whole, from * vits.hop(), to * vits.hop()),
                        utterance.waveform(from, to), 1e-6f);
            }
        }
    }
}
