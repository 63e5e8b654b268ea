package glia.io.sound;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.kernel.Workers;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Features of sounds, against numbers that the formulas give in F64 with a discrete Fourier transform term by term.
class SoundProcessorTest {
    @Test
    void parakeetNormalizesEachFrequency() throws CheckpointException {
        float[] samples = new float[1650];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (float) (Math.sin(i * i * 1e-3) * 0.3);
        }
        Config config = Config.of(Path.of("preprocessor_config.json"),
                Map.of("feature_extractor_type", "ParakeetFeatureExtractor", "feature_size", 8));
        try (Workers workers = new Workers(1)) {
            SoundProcessor.Features made = SoundProcessor.read(config, workers).prepare(samples, 1700);
            assertEquals(10, made.numValid());
            assertEquals(11, made.frames().rows());
            assertArrayEquals(new float[] {1.82693f, 1.38748f, 0.77041f, -0.24731f, -0.72724f, -0.88095f, -1.08325f,
                    -1.09295f}, made.frames().rows(0, 1).toArray(), 1e-4f);
            assertArrayEquals(new float[] {-0.55451f, -0.58987f, -0.04494f, 1.19650f, 1.48902f, 1.26357f, 0.48380f,
                    -1.09195f}, made.frames().rows(3, 4).toArray(), 1e-4f);
            assertArrayEquals(new float[] {-0.55659f, -0.61549f, -0.68018f, -0.69397f, -0.78402f, -0.89509f,
                    -1.08369f, 0.90306f}, made.frames().rows(9, 10).toArray(), 1e-4f);
            assertArrayEquals(new float[8], made.frames().rows(10, 11).toArray());
            assertThrows(CheckpointException.class, () -> SoundProcessor.read(config.with("win_length", 600), workers)
                    .prepare(samples, samples.length));
        }
    }
}
