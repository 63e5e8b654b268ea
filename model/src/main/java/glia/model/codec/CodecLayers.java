package glia.model.codec;

import glia.io.CheckpointException;
import glia.model.quant.StoredTensors;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.UnfoldedGrid;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// The layers of a picture codec, made of the tensors of a checkpoint. Intermediate values have memory of their own,
/// which is freed as soon as they are read.
final class CodecLayers {
    /// Values that a convolution reads at a time, which bounds its memory.
    static final int BAND_VALUES = 1 << 22;
    private static final int GROUPS = 32;
    private static final float EPSILON = 1e-6f;
    private static final float BATCH_EPSILON = 1e-5f;

    /// Values `[time·height·width, C]` on a grid, frame by frame, line by line.
    record Grid(Tensor rows, int time, int height, int width, Arena memory) implements AutoCloseable {
        static Grid allocate(int time, int height, int width, int channels) {
            Arena memory = Arena.ofShared();
            return new Grid(Tensor.allocate(memory, DType.F32, Math.multiplyExact(time * height, width), channels),
                    time, height, width, memory);
        }

        int channels() {
            return rows.cols();
        }

        /// A grid of which each place is one of this grid.
        Grid gathered(int frames, int lines, int columns, int[] places) {
            Grid all = allocate(frames, lines, columns, channels());
            for (int i = 0; i < places.length; i++) {
                all.rows.rows(i, i + 1).copyFrom(rows.rows(places[i], places[i] + 1));
            }
            return all;
        }

        /// Each place `t` times over frames and `s` times over lines and columns.
        Grid repeated(int t, int s) {
            int high = height * s;
            int wide = width * s;
            return gathered(time * t, high, wide, IntStream.range(0, time * t * high * wide).map(i ->
                    (i / wide / high / t * height + i / wide % high / s) * width + i % wide / s).toArray());
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    /// A layer.
    interface Layer {
        /// @param codes the vectors of the codes, for norms that read them
        Grid of(Compute ops, Grid x, Grid codes);
    }

    private final Path path;
    private final StoredTensors tensors;
    private final String prefix;
    private final Arena arena = Arena.ofAuto();

    CodecLayers(Path path, StoredTensors tensors, String prefix) {
        this.path = path;
        this.tensors = tensors;
        this.prefix = prefix;
    }

    boolean has(String name) {
        return tensors.names().contains(prefix + name);
    }

    Tensor tensor(String name) throws CheckpointException {
        return new Weight.Stored(tensors.tensor(prefix + name)).toF32(arena);
    }

    private float[] vector(String name) throws CheckpointException {
        return tensor(name).toArray();
    }

    /// One after another.
    static Layer chain(List<Layer> layers) {
        return (ops, x, codes) -> {
            Grid now = x;
            for (Layer layer : layers) {
                Grid next = layer.of(ops, now, codes);
                if (now != x && now != next) {
                    now.close();
                }
                now = next;
            }
            return now;
        };
    }

    private static Layer plus(Layer inner, Layer shortcut) {
        return (ops, x, codes) -> {
            Grid y = inner.of(ops, x, codes);
            Grid past = shortcut.of(ops, x, codes);
            ops.kernels().add(y.rows(), y.rows(), past.rows(), 1);
            if (past != x) {
                past.close();
            }
            return y;
        };
    }

    /// The SiLU of each value.
    static Layer silu() {
        return (ops, x, codes) -> {
            Grid y = Grid.allocate(x.time(), x.height(), x.width(), x.channels());
            ops.kernels().activate(y.rows(), x.rows(), Activation.SILU);
            return y;
        };
    }

    /// A convolution with zeros around the grid, as many as keep its size for a stride of 1.
    Layer convolution(String name) throws CheckpointException {
        return convolution(name, 1, 1, false);
    }

    /// A convolution that halves lines and columns, with zeros after them.
    Layer halved(String name) throws CheckpointException {
        return convolution(name, 1, 2, true);
    }

    /// A convolution over frames that sees the frames before alone, with two frames of zeros before.
    Layer overTime(String name, int stride) throws CheckpointException {
        return convolution(name + ".conv", stride, 1, false);
    }

    private Layer convolution(String name, int frameStride, int stride, boolean onlyAfter)
            throws CheckpointException {
        Tensor stored = tensor(name + ".weight");
        long[] shape = stored.shape();
        if (shape.length < 4 || shape.length > 5) {
            throw new CheckpointException(path, prefix + name + ".weight", "found " + stored
                    + ", expected a convolution over lines and columns, or over frames too");
        }
        int inputs = (int) shape[1];
        int taps = Math.toIntExact(stored.size() / shape[0] / inputs);
        Tensor placed = Tensor.allocate(arena, DType.F32, shape[0], (long) taps * inputs);
        for (long i = 0; i < stored.size(); i++) {
            long channel = i / taps % inputs;
            placed.set(i / taps / inputs * taps * inputs + i % taps * inputs + channel, stored.get(i));
        }
        Weight weight = new Weight.Stored(placed);
        Weight bias = new Weight.Stored(tensor(name + ".bias"));
        int[] kernel = {shape.length == 5 ? (int) shape[2] : 1, (int) shape[shape.length - 2],
            (int) shape[shape.length - 1]};
        int framesBefore = shape.length == 5 ? 2 : 0;
        return (ops, x, codes) -> {
            if (x.channels() != inputs) {
                throw new IllegalArgumentException(prefix + name + " has " + inputs + " inputs, but its input has "
                        + x.channels());
            }
            UnfoldedGrid.Window window = new UnfoldedGrid.Window(
                    new UnfoldedGrid.Axis(x.time(), kernel[0], frameStride, framesBefore, 0),
                    axis(x.height(), kernel[1], stride, onlyAfter), axis(x.width(), kernel[2], stride, onlyAfter));
            Grid y = Grid.allocate(window.frames().outputs(), window.lines().outputs(), window.columns().outputs(),
                    weight.rows());
            int band = Math.max(1, BAND_VALUES / placed.cols());
            for (int from = 0; from < y.rows().rows(); from += band) {
                int to = Math.min(y.rows().rows(), from + band);
                int mark = ops.mark();
                y.rows().rows(from, to).copyFrom(ops.addBias(ops.linear(ops.apply(new UnfoldedGrid(x.rows(), window,
                        from, to)), weight), bias));
                ops.release(mark);
            }
            return y;
        };
    }

    private static UnfoldedGrid.Axis axis(int size, int kernel, int stride, boolean onlyAfter) {
        return new UnfoldedGrid.Axis(size, kernel, stride, onlyAfter ? 0 : kernel / 2, kernel == 1 ? 0 : onlyAfter
                ? 1 : kernel / 2);
    }

    /// Nearest neighbors, then a convolution.
    Layer doubled(String name) throws CheckpointException {
        return chain(List.of((ops, x, codes) -> x.repeated(1, 2), convolution(name)));
    }

    /// The same over frames.
    Layer doubledInTime(String name) throws CheckpointException {
        return chain(List.of((ops, x, codes) -> x.repeated(2, 1), overTime(name, 1), silu()));
    }

    /// A group norm of each frame (https://arxiv.org/abs/1803.08494). With weights of the codes (MoVQ,
    /// https://arxiv.org/abs/2209.09002) `norm(x) ⊙ y(codes) + b(codes)`, where y and b are maps of the nearest code.
    Layer norm(String name) throws CheckpointException {
        if (!has(name + ".conv_y.weight")) {
            return norm(vector(name + ".weight"), vector(name + ".bias"));
        }
        Layer normed = norm(vector(name + ".norm_layer.weight"), vector(name + ".norm_layer.bias"));
        Layer scale = convolution(name + ".conv_y");
        Layer shift = convolution(name + ".conv_b");
        return (ops, x, codes) -> {
            Grid y = normed.of(ops, x, codes);
            try (Grid factors = scale.of(ops, codes, codes); Grid added = shift.of(ops, codes, codes)) {
                int width = y.channels();
                Ranges.run(ops.kernels().workers(), y.rows().rows(), width, (from, to) -> {
                    for (int i = from; i < to; i++) {
                        int line = i / y.width() % y.height() * codes.height() / y.height();
                        long place = ((long) i / y.width() / y.height() * codes.height() + line) * codes.width()
                                + (long) (i % y.width()) * codes.width() / y.width();
                        for (int c = 0; c < width; c++) {
                            long at = (long) i * width + c;
                            y.rows().set(at, y.rows().get(at) * factors.rows().get(place * width + c)
                                    + added.rows().get(place * width + c));
                        }
                    }
                });
            }
            return y;
        };
    }

    private Layer norm(float[] weight, float[] bias) throws CheckpointException {
        if (weight.length % GROUPS != 0) {
            throw new CheckpointException(path, prefix, "a group norm of " + weight.length + " channels, expected "
                    + "a multiple of " + GROUPS);
        }
        int each = weight.length / GROUPS;
        return (ops, x, codes) -> {
            int width = x.channels();
            int places = x.height() * x.width();
            Grid y = Grid.allocate(x.time(), x.height(), x.width(), width);
            Ranges.run(ops.kernels().workers(), x.time() * GROUPS, (long) places * each, (from, to) -> {
                for (int i = from; i < to; i++) {
                    long start = (long) (i / GROUPS) * places * width + (long) (i % GROUPS) * each;
                    double sum = 0;
                    double squares = 0;
                    for (int p = 0; p < places; p++) {
                        for (int c = 0; c < each; c++) {
                            double value = x.rows().get(start + (long) p * width + c);
                            sum += value;
                            squares += value * value;
                        }
                    }
                    double mean = sum / places / each;
                    double deviation = Math.sqrt(Math.max(0, squares / places / each - mean * mean) + EPSILON);
                    for (int p = 0; p < places; p++) {
                        for (int c = 0; c < each; c++) {
                            long at = start + (long) p * width + c;
                            int channel = i % GROUPS * each + c;
                            y.rows().set(at, (float) ((x.rows().get(at) - mean) / deviation) * weight[channel]
                                    + bias[channel]);
                        }
                    }
                }
            });
            return y;
        };
    }

    /// A batch norm with the statistics of training.
    private Layer batchNorm(String name) throws CheckpointException {
        float[] scale = vector(name + ".weight");
        float[] shift = vector(name + ".bias");
        float[] mean = vector(name + ".running_mean");
        float[] variance = vector(name + ".running_var");
        for (int c = 0; c < scale.length; c++) {
            scale[c] /= (float) Math.sqrt(variance[c] + BATCH_EPSILON);
            shift[c] -= mean[c] * scale[c];
        }
        return (ops, x, codes) -> {
            Grid y = Grid.allocate(x.time(), x.height(), x.width(), x.channels());
            for (long i = 0; i < x.rows().size(); i++) {
                int c = (int) (i % scale.length);
                y.rows().set(i, x.rows().get(i) * scale[c] + shift[c]);
            }
            return y;
        };
    }

    private interface Named {
        Layer of(String name) throws CheckpointException;
    }

    /// `x + conv(silu(norm(conv(silu(norm(x))))))`, x through a convolution where the number of channels changes.
    Layer residual(String name) throws CheckpointException {
        return residual(name, this::norm, this::convolution);
    }

    /// The same over frames.
    Layer residualInTime(String name) throws CheckpointException {
        return residual(name, this::batchNorm, layer -> overTime(layer, 1));
    }

    private Layer residual(String name, Named norm, Named convolution) throws CheckpointException {
        Layer shortcut = (ops, x, codes) -> x;
        for (String past : List.of(".nin_shortcut", ".conv_shortcut")) {
            shortcut = has(name + past + ".weight") ? convolution(name + past) : shortcut;
        }
        return plus(chain(List.of(norm.of(name + ".norm1"), silu(), convolution.of(name + ".conv1"),
                norm.of(name + ".norm2"), silu(), convolution.of(name + ".conv2"))), shortcut);
    }

    /// `x + output(attention(norm(x)))`, of the places of each frame to each other.
    Layer attention(String name, String norm, int heads) throws CheckpointException {
        boolean isLinear = has(name + ".q_proj.weight");
        List<Weight> weights = new ArrayList<>();
        List<Weight> biases = new ArrayList<>();
        for (String part : isLinear ? List.of("q_proj", "k_proj", "v_proj", "out_proj")
                : List.of("q", "k", "v", "proj_out")) {
            Tensor matrix = tensor(name + "." + part + ".weight");
            long[] shape = matrix.shape();
            weights.add(new Weight.Stored(matrix.reshape(shape[0], matrix.size() / shape[0])));
            biases.add(new Weight.Stored(tensor(name + "." + part + ".bias")));
        }
        int size = weights.getFirst().rows() / heads;
        Layer inner = (ops, x, codes) -> {
            Grid y = Grid.allocate(x.time(), x.height(), x.width(), weights.getLast().rows());
            int places = x.height() * x.width();
            for (int frame = 0; frame < x.time(); frame++) {
                int mark = ops.mark();
                Tensor[] qkv = new Tensor[3];
                for (int i = 0; i < qkv.length; i++) {
                    qkv[i] = ops.addBias(ops.linear(x.rows().rows(frame * places, (frame + 1) * places),
                            weights.get(i)), biases.get(i));
                }
                Tensor mixed = ops.allocate(places, heads * size);
                for (int head = 0; head < heads; head++) {
                    CodecAttention.attend(ops, qkv, mixed, head * size, size);
                }
                y.rows().rows(frame * places, (frame + 1) * places).copyFrom(ops.addBias(ops.linear(mixed,
                        weights.getLast()), biases.getLast()));
                ops.release(mark);
            }
            return y;
        };
        return plus(chain(List.of(norm(norm), inner)), (ops, x, codes) -> x);
    }

    /// The number of modules with names that end with a number from 0 on.
    ///
    /// @param name with `%d`
    int count(String name) {
        int count = 0;
        while (has(name.formatted(count))) {
            count++;
        }
        return count;
    }
}
