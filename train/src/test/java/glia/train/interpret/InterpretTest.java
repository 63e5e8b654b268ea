package glia.train.interpret;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Probes and sparse autoencoders on states with a planted structure.
class InterpretTest {
    private static Workers workers;
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        workers = new Workers(1);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    /// Two of three labels differ along one direction, in much noise of others; the third along another one.
    @Test
    void aProbeFindsAPlantedDirectionAndNotShuffledLabels() {
        Random random = new Random(1);
        int count = 300;
        float[][] hidden = new float[count][20];
        int[] labels = new int[count];
        for (int n = 0; n < count; n++) {
            labels[n] = n % 3;
            for (int i = 0; i < 20; i++) {
                hidden[n][i] = (float) (5 * random.nextGaussian());
            }
            hidden[n][3] = labels[n] == 1 ? 2 : -2;
            hidden[n][7] = labels[n] == 2 ? 0.2f : -0.2f;
        }
        Probe.Accuracy found = Probe.measure(hidden, labels, 1);
        assertTrue(found.heldOut() > 0.95, found::toString);
        assertTrue(found.control() < 0.5 && found.control() > 0.2, found::toString);
        assertEquals(1 / 3.0, found.chance(), 0.08);
    }

    @Test
    void aProbeOfNoiseIsNoBetterThanItsControl() {
        Random random = new Random(2);
        float[][] hidden = new float[200][40];
        for (float[] row : hidden) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        Probe.Accuracy found = Probe.measure(hidden, IntStream.range(0, 200).map(n -> n % 2).toArray(),
                3);
        assertEquals(0.5, found.heldOut(), 0.15);
        assertTrue(found.training() > 0.7, "it fits what it has seen: " + found);
        assertThrows(IllegalArgumentException.class, () -> Probe.measure(hidden, new int[200], 1));
    }

    /// States are sums of three of 24 directions in 16 dimensions: superposition.
    private static float[][] planted(float[][] directions, int count, long seed) {
        Random random = new Random(seed);
        float[][] states = new float[count][16];
        for (float[] x : states) {
            for (int j = 0; j < 3; j++) {
                float[] d = directions[random.nextInt(directions.length)];
                float factor = 1 + random.nextFloat();
                for (int i = 0; i < 16; i++) {
                    x[i] += factor * d[i];
                }
            }
        }
        return states;
    }

    private static float[][] directions() {
        Random random = new Random(5);
        float[][] directions = new float[24][16];
        for (float[] d : directions) {
            double squares = 0;
            for (int i = 0; i < 16; i++) {
                d[i] = (float) random.nextGaussian();
                squares += d[i] * d[i];
            }
            for (int i = 0; i < 16; i++) {
                d[i] /= (float) Math.sqrt(squares);
            }
        }
        return directions;
    }

    @Test
    void anAutoencoderFindsPlantedDirections() {
        float[][] directions = directions();
        float[][] states = planted(directions, 2000, 6);
        try (SparseAutoencoder sae = new SparseAutoencoder(kernels, states, 48, 3, 1)) {
            double before = sae.explained(states);
            Random random = new Random(7);
            for (int step = 0; step < 1200; step++) {
                float[][] batch = new float[64][];
                Arrays.setAll(batch, n -> states[random.nextInt(states.length)]);
                sae.step(batch, step < 900 ? 0.005 : 0.001);
            }
            double after = sae.explained(planted(directions, 500, 8));
            assertTrue(after > 0.85 && before < 0.5, before + " then " + after);
            int found = 0;
            for (float[] direction : directions) {
                double best = 0;
                for (int f = 0; f < sae.numFeatures(); f++) {
                    float[] d = sae.direction(f);
                    double cosine = 0;
                    for (int i = 0; i < 16; i++) {
                        cosine += d[i] * direction[i];
                    }
                    best = Math.max(best, cosine);
                }
                found += best > 0.9 ? 1 : 0;
            }
            assertTrue(found >= 18, found + " of 24 directions");
            assertTrue(Arrays.stream(sae.encode(states)).allMatch(c -> c.features().length <= 3));
        }
    }

    @Test
    void theGradientIsThatOfTheLoss() {
        float[][] states = planted(directions(), 12, 9);
        try (SparseAutoencoder sae = new SparseAutoencoder(kernels, states, 10, 3, 2)) {
            sae.gradient(states);
            Map<String, Tensor[]> parameters = sae.parameters();
            Map<String, float[]> gradients = new HashMap<>();
            parameters.forEach((name, t) -> gradients.put(name, t[1].toArray()));
            parameters.forEach((name, t) -> {
                for (int i = 0; i < t[0].size(); i += 7) {
                    float was = t[0].get(i);
                    float by = 1e-3f;
                    t[0].set(i, was + by);
                    t[0].changed();
                    double up = sae.gradient(states);
                    t[0].set(i, was - by);
                    t[0].changed();
                    double down = sae.gradient(states);
                    t[0].set(i, was);
                    t[0].changed();
                    assertEquals((up - down) / 2 / by, gradients.get(name)[i], 2e-3, name + " " + i);
                }
            });
        }
    }

    @Test
    void codesReconstruct() {
        float[][] states = planted(directions(), 50, 3);
        try (SparseAutoencoder sae = new SparseAutoencoder(kernels, states, 8, 2, 1)) {
            SparseAutoencoder.Code code = sae.encode(states)[4];
            float[] expected = sae.decode(new SparseAutoencoder.Code(new int[0], new float[0]));
            for (int j = 0; j < code.features().length; j++) {
                float[] d = sae.direction(code.features()[j]);
                for (int i = 0; i < 16; i++) {
                    expected[i] += code.activations()[j] * d[i];
                }
            }
            assertArrayEquals(expected, sae.decode(code), 1e-5f);
            assertTrue(code.features().length < 2 || code.activations()[0] >= code.activations()[1]);
        }
        assertThrows(IllegalArgumentException.class, () -> new SparseAutoencoder(kernels, states, 2, 3, 1));
    }
}
