package glia.train.codec;

import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Scales;
import glia.tensor.ops.row.TimeNorm;
import glia.tensor.ops.row.UnfoldedGrid;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Trains a vector-quantized autoencoder of pictures (https://arxiv.org/abs/1711.00937) of the form of VQGAN: what
/// [glia.model.codec.PictureCodec] reads as the codec of Chameleon. The loss of a picture x with vectors z of its
/// squares, their nearest codes e and the reconstruction y is
/// `mean(|y - x|²) + mean(|e - sg(z)|²) + β mean(|z - sg(e)|²)`; the gradient of y passes e as if it were z. Codes
/// that are used no more take the places of vectors of the current batch.
///
/// ```java
/// try (CodecTrainer trainer = new CodecTrainer(kernels, new Sizes(3, 32, 3, 8, 64), seed)) {
///     for (…) trainer.step(pictures, 2e-3);
///     Map<String, Tensor> tensors = trainer.tensors();
/// }
/// ```
/// Not for several threads.
public final class CodecTrainer implements AutoCloseable {
    private static final int GROUPS = 32;
    private static final float EPS = 1e-6f;
    private static final double COMMITMENT = 0.25;
    /// Steps after which a code that no vector was nearest to is replaced.
    private static final int IDLE = 20;
    private static final String CODEBOOK = "quantize.embedding.weight";

    /// @param colors of a picture
    /// @param width channels of all layers, a multiple of 32
    /// @param levels resolutions, each half of the one before: a code stands for a square of `2^(levels - 1)` pixels
    /// @param vector numbers of a code's vector
    /// @param codes size of the codebook
    public record Sizes(int colors, int width, int levels, int vector, int codes) {
        /// @throws IllegalArgumentException if a number is too small, or the width is no multiple of 32
        public Sizes {
            if (Math.min(Math.min(colors, levels), vector) < 1 || codes < 2 || width < GROUPS || width % GROUPS != 0) {
                throw new IllegalArgumentException("a codec of " + colors + " colors, " + width + " channels, "
                        + levels + " levels, " + codes + " codes of " + vector + " numbers; expected positive numbers "
                        + "and a multiple of " + GROUPS + " channels");
            }
        }

        /// The side of the square of pixels of a code.
        public int factor() {
            return 1 << (levels - 1);
        }
    }

    /// Values `[count · height · width, C]` of pictures, one after the other.
    private record Grid(Tensor rows, int count, int height, int width) { }

    private record Convolution(int outputs, int inputs, int kernel) { }

    private final Sizes sizes;
    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Weight.Stored> weights = new LinkedHashMap<>();
    private final Map<String, Convolution> convolutions = new LinkedHashMap<>();
    private final Gradients gradients = new Gradients();
    private final Recorder recorder;
    private final Compute inference;
    private final Optimizer optimizer;
    private final SplittableRandom random;
    private final long[] lastUsed;
    private long steps;

    /// @param seed of the initial weights
    public CodecTrainer(Kernels kernels, Sizes sizes, long seed) {
        this.kernels = kernels;
        this.sizes = sizes;
        random = new SplittableRandom(seed);
        lastUsed = new long[sizes.codes];
        int width = sizes.width;
        convolution("encoder.conv_in", width, sizes.colors, 3);
        for (int level = 0; level < sizes.levels; level++) {
            residual("encoder.down." + level + ".block.0");
            if (level + 1 < sizes.levels) {
                convolution("encoder.down." + level + ".downsample.conv", width, width, 3);
            }
        }
        for (String part : List.of("encoder", "decoder")) {
            residual(part + ".mid.block_1");
            residual(part + ".mid.block_2");
            norm(part + ".norm_out");
        }
        convolution("encoder.conv_out", sizes.vector, width, 3);
        convolution("quant_conv", sizes.vector, sizes.vector, 1);
        weight(CODEBOOK, 1, sizes.codes, sizes.vector);
        convolution("post_quant_conv", sizes.vector, sizes.vector, 1);
        convolution("decoder.conv_in", width, sizes.vector, 3);
        for (int level = sizes.levels - 1; level >= 0; level--) {
            residual("decoder.up." + level + ".block.0");
            if (level > 0) {
                convolution("decoder.up." + level + ".upsample.conv", width, width, 3);
            }
        }
        convolution("decoder.conv_out", sizes.colors, width, 3);
        recorder = new Recorder(kernels, gradients);
        inference = new Compute(kernels, Precision.EXACT);
        optimizer = new Optimizer(kernels, List.of(new ParameterGroup(weights, new AdamW(), 0, 1)));
    }

    private void weight(String name, double deviation, long... shape) {
        Tensor t = Tensor.allocate(arena, DType.F32, shape);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, deviation < 0 ? 1 : (float) (random.nextGaussian() * deviation));
        }
        weights.put(name, new Weight.Stored(t));
    }

    private void convolution(String name, int outputs, int inputs, int kernel) {
        int taps = kernel * kernel * inputs;
        weight(name + ".weight", 1 / Math.sqrt(taps), outputs, taps);
        weight(name + ".bias", 0, outputs);
        convolutions.put(name, new Convolution(outputs, inputs, kernel));
    }

    private void norm(String name) {
        weight(name + ".weight", -1, sizes.width);
        weight(name + ".bias", 0, sizes.width);
    }

    private void residual(String name) {
        for (int i = 1; i <= 2; i++) {
            norm(name + ".norm" + i);
            convolution(name + ".conv" + i, sizes.width, sizes.width, 3);
        }
    }

    // ---- layers --------------------------------------------------------------------------------------------------

    private Grid convolved(Ops ops, Grid x, String name, boolean halves) {
        Convolution c = convolutions.get(name);
        int stride = halves ? 2 : 1;
        int before = halves ? 0 : c.kernel / 2;
        int after = halves ? 1 : c.kernel / 2;
        UnfoldedGrid.Window window = new UnfoldedGrid.Window(UnfoldedGrid.Axis.single(x.count),
                new UnfoldedGrid.Axis(x.height, c.kernel, stride, before, after),
                new UnfoldedGrid.Axis(x.width, c.kernel, stride, before, after));
        Tensor places = c.kernel == 1 ? x.rows : ops.apply(new UnfoldedGrid(x.rows, window));
        return new Grid(ops.addBias(ops.linear(places, weights.get(name + ".weight")), weights.get(name + ".bias")),
                x.count, window.lines().outputs(), window.columns().outputs());
    }

    private Grid normed(Ops ops, Grid x, String name) {
        Tensor y = ops.apply(new TimeNorm(x.rows, GROUPS, EPS, x.count));
        y = ops.addBias(ops.apply(new Scales.WeightedColumns(y, weights.get(name + ".weight"))),
                weights.get(name + ".bias"));
        return new Grid(ops.activate(y, Activation.SILU), x.count, x.height, x.width);
    }

    private Grid block(Ops ops, Grid x, String name) {
        Grid y = convolved(ops, normed(ops, x, name + ".norm1"), name + ".conv1", false);
        y = convolved(ops, normed(ops, y, name + ".norm2"), name + ".conv2", false);
        return new Grid(new Value(ops, x.rows).plus(new Value(ops, y.rows)).tensor(), x.count, x.height, x.width);
    }

    private static Grid doubled(Ops ops, Grid x) {
        int[] places = new int[4 * x.rows.rows()];
        for (int i = 0; i < places.length; i++) {
            int column = i % (2 * x.width) / 2;
            int line = i / (2 * x.width) % (2 * x.height) / 2;
            places[i] = (i / (4 * x.width * x.height) * x.height + line) * x.width + column;
        }
        return new Grid(ops.select(x.rows, places, places.length), x.count, 2 * x.height, 2 * x.width);
    }

    /// The vectors of the squares of pictures.
    private Grid encoded(Ops ops, Grid pictures) {
        Grid x = convolved(ops, pictures, "encoder.conv_in", false);
        for (int level = 0; level < sizes.levels; level++) {
            x = block(ops, x, "encoder.down." + level + ".block.0");
            x = level + 1 < sizes.levels ? convolved(ops, x, "encoder.down." + level + ".downsample.conv", true) : x;
        }
        x = block(ops, block(ops, x, "encoder.mid.block_1"), "encoder.mid.block_2");
        return convolved(ops, convolved(ops, normed(ops, x, "encoder.norm_out"), "encoder.conv_out", false),
                "quant_conv", false);
    }

    private Grid decoded(Ops ops, Grid vectors) {
        Grid x = convolved(ops, convolved(ops, vectors, "post_quant_conv", false), "decoder.conv_in", false);
        x = block(ops, block(ops, x, "decoder.mid.block_1"), "decoder.mid.block_2");
        for (int level = sizes.levels - 1; level >= 0; level--) {
            x = block(ops, x, "decoder.up." + level + ".block.0");
            x = level > 0 ? convolved(ops, doubled(ops, x), "decoder.up." + level + ".upsample.conv", false) : x;
        }
        return convolved(ops, normed(ops, x, "decoder.norm_out"), "decoder.conv_out", false);
    }

    private Grid grid(Arena memory, List<Tensor> pictures) {
        long[] shape = pictures.getFirst().shape();
        int height = (int) shape[1];
        int width = (int) shape[2];
        int places = height * width;
        Tensor rows = Tensor.allocate(memory, DType.F32, (long) pictures.size() * places, sizes.colors);
        for (int p = 0; p < pictures.size(); p++) {
            Tensor picture = pictures.get(p);
            if (picture.size() != (long) places * sizes.colors || height % sizes.factor() != 0
                    || width % sizes.factor() != 0) {
                throw new IllegalArgumentException("picture " + p + ": found " + picture + ", expected "
                        + sizes.colors + " colors and equal sides that are multiples of " + sizes.factor());
            }
            for (long i = 0; i < picture.size(); i++) {
                rows.set(((long) p * places + i % places) * sizes.colors + i / places, picture.get(i));
            }
        }
        return new Grid(rows, pictures.size(), height, width);
    }

    private int[] nearest(Tensor vectors) {
        float[] book = weights.get(CODEBOOK).tensor().toArray();
        float[] z = vectors.toArray();
        int size = sizes.vector;
        int[] codes = new int[z.length / size];
        for (int i = 0; i < codes.length; i++) {
            double best = Double.POSITIVE_INFINITY;
            for (int code = 0; code < sizes.codes; code++) {
                double distance = 0;
                for (int k = 0; k < size; k++) {
                    double d = z[i * size + k] - book[code * size + k];
                    distance += d * d;
                }
                if (distance < best) {
                    best = distance;
                    codes[i] = code;
                }
            }
        }
        return codes;
    }

    // ---- training ------------------------------------------------------------------------------------------------

    /// An update on a batch.
    ///
    /// @param pictures `[colors, height, width]` of equal sizes, values from -1 to 1
    /// @return the mean squared error of the reconstruction before it
    /// @throws IllegalArgumentException if a picture does not fit
    public double step(List<Tensor> pictures, double rate) {
        try (Arena memory = Arena.ofShared()) {
            Grid x = grid(memory, pictures);
            Grid found = encoded(recorder, x);
            if (steps == 0) {
                for (int code = 0; code < sizes.codes; code++) {
                    replace(code, found.rows);
                }
            }
            int[] codes = nearest(found.rows);
            Value z = new Value(recorder, found.rows);
            Value e = new Value(recorder, recorder.embed(weights.get(CODEBOOK), codes, codes.length, -1));
            Value passed = z.plus(e.minus(z).detached());
            Grid y = decoded(recorder, new Grid(passed.tensor(), found.count, found.height, found.width));
            Value error = new Value(recorder, y.rows).minus(new Value(recorder, x.rows)).square().mean();
            double before = error.number();
            Value loss = error.plus(e.minus(z.detached()).square().mean())
                    .plus(z.minus(e.detached()).square().mean().times(COMMITMENT));
            steps++;
            for (int code : codes) {
                lastUsed[code] = steps;
            }
            float[] vectors = found.rows.toArray();
            gradients.zero(kernels);
            loss.backward();
            optimizer.step(gradients, rate, 1);
            try (Arena own = Arena.ofConfined()) {
                Tensor rows = Tensor.of(own, vectors, codes.length, sizes.vector);
                for (int code = 0; code < sizes.codes; code++) {
                    if (steps - lastUsed[code] > IDLE) {
                        replace(code, rows);
                        lastUsed[code] = steps;
                    }
                }
            }
            return before;
        }
    }

    private void replace(int code, Tensor vectors) {
        int row = random.nextInt(vectors.rows());
        weights.get(CODEBOOK).update(book -> book.rows(code, code + 1).copyFrom(vectors.rows(row, row + 1)));
    }

    /// The codes of a picture, line by line.
    ///
    /// @param picture `[colors, height, width]`, values from -1 to 1
    public int[] encode(Tensor picture) {
        try (Arena memory = Arena.ofShared()) {
            int mark = inference.mark();
            int[] codes = nearest(encoded(inference, grid(memory, List.of(picture))).rows);
            inference.release(mark);
            return codes;
        }
    }

    /// A picture of codes: `[colors, height, width]`, values from -1 to 1 up to overshoots.
    ///
    /// @param codes of a square, line by line
    /// @param across codes of a line
    public Tensor decode(int[] codes, int across) {
        int mark = inference.mark();
        Grid y = decoded(inference, new Grid(inference.embed(weights.get(CODEBOOK), codes, codes.length, -1), 1,
                codes.length / across, across));
        Tensor picture = Tensor.allocate(Arena.ofAuto(), DType.F32, sizes.colors, y.height, y.width);
        int places = y.height * y.width;
        for (long i = 0; i < picture.size(); i++) {
            picture.set(i, y.rows.get(i % places * sizes.colors + i / places));
        }
        inference.release(mark);
        return picture;
    }

    /// The tensors of the codec by the names of Transformers' `ChameleonVQVAE`, copied.
    public Map<String, Tensor> tensors() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        weights.forEach((name, weight) -> {
            Convolution c = name.endsWith(".weight") ? convolutions.get(name.substring(0, name.length() - 7)) : null;
            Tensor from = weight.tensor();
            if (c == null) {
                all.put(name, Tensor.of(Arena.ofAuto(), from.toArray(), from.shape()));
                return;
            }
            int taps = c.kernel * c.kernel;
            Tensor to = Tensor.allocate(Arena.ofAuto(), DType.F32, c.outputs, c.inputs, c.kernel, c.kernel);
            for (long i = 0; i < to.size(); i++) {
                long out = i / taps / c.inputs;
                to.set(i, from.get((out * taps + i % taps) * c.inputs + i / taps % c.inputs));
            }
            all.put(name, to);
        });
        return all;
    }

    /// The `vq_config` of Chameleon's config.json.
    ///
    /// @param side of pictures in pixels
    public Map<String, Object> config(int side) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model_type", "chameleon_vqgan");
        config.put("base_channels", sizes.width);
        config.put("channel_multiplier", Collections.nCopies(sizes.levels, 1));
        config.put("num_res_blocks", 1);
        config.put("attn_type", "none");
        config.put("double_latent", false);
        config.put("dropout", 0.0);
        config.put("embed_dim", sizes.vector);
        config.put("latent_channels", sizes.vector);
        config.put("in_channels", sizes.colors);
        config.put("num_embeddings", sizes.codes);
        config.put("resolution", side);
        return config;
    }

    @Override
    public void close() {
        recorder.close();
        optimizer.close();
        gradients.close();
        arena.close();
    }
}
