package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.NgramEmbedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Reads embeddings of n-grams. Multipliers and sizes of hashes follow from the config; checkpoints store them, too.
public final class NgramConfig {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;
    /// The distance of the seeds of layers.
    private static final long STRIDE = 10_007;
    private static final int MOST_HEADS = 4096;

    private NgramConfig() { }

    /// The layers with embeddings of n-grams, counted from 1, ascending.
    ///
    /// @param allowed the layers that may have them, counted from 0
    public static int[] layers(Config config, LayerTypes.Rule allowed, int numLayers) throws CheckpointException {
        int[] layers = config.has("ple_layer_ids")
                ? Arrays.stream(config.integers("ple_layer_ids")).sorted().distinct().toArray() : new int[0];
        for (int layer : layers) {
            if (layer < 1 || layer > numLayers || !allowed.holds(layer - 1)) {
                throw config.error("ple_layer_ids", "found " + layer + ", expected layers of linear attention from 1 "
                        + "to " + numLayers);
            }
        }
        return layers;
    }

    /// @param index the number of the embedding among those of all layers
    /// @param numStreams of the model
    public static NgramEmbedding read(Config config, int index, int numStreams, float eps)
            throws CheckpointException {
        int order = config.positive("ngram_size", 3);
        int perOrder = config.positive("heads_per_ngram", 8);
        long heads = (order - 1L) * perOrder;
        int hidden = config.positive("hidden_size");
        int size = config.positive("ple_embed_dim", hidden);
        if (heads < 1 || (index + 1L) * heads > MOST_HEADS || size % heads != 0) {
            throw config.error("ngram_size", (index + 1) + " layers with " + heads + " heads of n-grams, expected 1 to "
                    + MOST_HEADS + " heads that divide the " + size + " of ple_embed_dim");
        }
        List<Integer> sizes = new ArrayList<>();
        long prime = config.positive("ngram_vocab_size_base", 20_000_000) - 1L;
        long total = 0;
        for (long head = 0; head < (index + 1L) * heads; head++) {
            prime = nextPrime(prime);
            if (head >= index * heads) {
                sizes.add((int) prime);
                total += prime;
            }
        }
        long divisor = config.positive("make_ngram_vocab_size_divisible_by", 128);
        long rows = Math.ceilDiv(total, divisor) * divisor;
        if (rows > Integer.MAX_VALUE) {
            throw config.error("ngram_vocab_size_base", "makes a table of " + rows + " rows, at most "
                    + Integer.MAX_VALUE + " are supported");
        }
        return new NgramEmbedding(numStreams, hidden, size, multipliers(config, order, index), sizes, (int) rows,
                config.positive("split_ngram_parts", 512), config.positive("ple_conv_kernel_size", 4), end(config),
                eps);
    }

    private static int end(Config config) throws CheckpointException {
        if (!config.has("eos_token_id")) {
            throw config.error("eos_token_id", "is missing, but embeddings of n-grams begin again after it");
        }
        int[] ends = config.isNumber("eos_token_id") ? new int[] {config.integer("eos_token_id")}
                : config.integers("eos_token_id");
        if (ends.length == 0 || ends[0] < 0 || config.positive("vocab_size") > 1 << 24) {
            throw config.error("eos_token_id", "embeddings of n-grams need an end token and at most " + (1 << 24)
                    + " tokens");
        }
        return ends[0];
    }

    private static long nextPrime(long after) {
        long n = after + 1;
        while (!isPrime(n)) {
            n++;
        }
        return n;
    }

    private static boolean isPrime(long n) {
        if (n < 2 || n > 2 && n % 2 == 0) {
            return false;
        }
        for (long d = 3; d * d <= n; d += 2) {
            if (n % d == 0) {
                return false;
            }
        }
        return true;
    }

    /// Odd numbers that SplitMix64 makes of the seed, at most `2⁶³ / vocabulary`.
    private static List<Long> multipliers(Config config, int count, int index) throws CheckpointException {
        long half = Math.max(1, Long.MAX_VALUE / config.positive("vocab_size") / 2);
        long seed = config.has("seed") ? config.integer("seed") : 1234;
        List<Long> all = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            all.add(2 * Long.remainderUnsigned(mix(seed + STRIDE * index + GAMMA * i), half) + 1);
        }
        return all;
    }

    private static long mix(long seed) {
        long z = seed + GAMMA;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
