package glia.model.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.io.CheckpointException;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Precision;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/// Small models, their logits, and adapters that change them.
final class AdapterModels {
    private static final Path GOLDENS = Path.of("src/test/resources/golden");

    private AdapterModels() { }

    static List<String> families() {
        try (Stream<Path> folders = Files.list(GOLDENS)) {
            return folders.map(f -> f.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path folder(String family) {
        return GOLDENS.resolve(family);
    }

    static Model load(String family) throws CheckpointException {
        return ModelLoader.load(folder(family));
    }

    static float[] logits(Model model) {
        int[] ids = new int[12];
        Arrays.setAll(ids, i -> 3 + 5 * i % 13);
        Pass pass = new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.ALL);
        if (model.spec().encoder().isPresent()) {
            pass.from(ids, 1, ids.length);
        }
        try (Workers workers = new Workers(1);
                Compute ops = new Compute(KernelBackends.choose("best", workers).kernels(), Precision.EXACT)) {
            return model.decoder().forward(ops, pass, States.NONE).toArray();
        }
    }

    /// Adds random numbers to all trained weights.
    static Adapters changed(Adapters adapters, long seed) {
        Random random = new Random(seed);
        adapters.trainable().values().forEach(w -> w.update(t -> {
            for (long i = 0; i < t.size(); i++) {
                t.set(i, t.get(i) + 0.1f * (float) random.nextGaussian());
            }
        }));
        return adapters;
    }

    static void assertClose(float[] expected, float[] found, double tolerance, String what) {
        double largest = 1e-6;
        for (float e : expected) {
            largest = Math.max(largest, Math.abs(e));
        }
        assertEquals(expected.length, found.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], tolerance * largest, what + ", number " + i);
        }
    }

    static double difference(float[] a, float[] b) {
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }
}
