package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.format.Decode;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/// The tensors of a checkpoint as the weights of layers over time, each read once, in F32. The gradients of the weights
/// become those of the tensors.
final class VoiceTensors implements AutoCloseable {
    /// Spellings of weight normalization, `weight = g · v / |v|` (https://arxiv.org/abs/1602.07868): g, v.
    private static final String[][] NORMED = {{".weight_g", ".weight_v"},
        {".parametrizations.weight.original0", ".parametrizations.weight.original1"}};

    private static final String BIAS = ".bias";

    /// A weight that was made of tensors.
    ///
    /// @param shape of the tensor of these values, for messages
    /// @param back the gradients of the tensors, by name, of that of the weight
    private record Made(Weight weight, long[] shape, Function<Tensor, Map<String, Tensor>> back) { }

    /// A linear map with a bias.
    record Affine(Weight weight, Weight bias) {
        static Affine of(VoiceTensors tensors, String name, int outputs, int inputs) throws CheckpointException {
            return new Affine(tensors.weight(name + ".weight", outputs, inputs),
                    tensors.weight(name + ".bias", outputs));
        }

        Tensor of(Ops ops, Tensor x) {
            return ops.addBias(ops.linear(x, weight), bias);
        }
    }

    private final Path path;
    private final Checkpoint checkpoint;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Made> made = new LinkedHashMap<>();
    private final Map<String, Tensor> read = new LinkedHashMap<>();
    private final Optional<SplittableRandom> fresh;
    private final Set<String> withoutBias;

    VoiceTensors(Path path, Checkpoint checkpoint) {
        this(path, checkpoint, Optional.empty(), Set.of());
    }

    private VoiceTensors(Path path, Checkpoint checkpoint, Optional<SplittableRandom> fresh, Set<String> withoutBias) {
        this.path = path;
        this.checkpoint = checkpoint;
        this.fresh = fresh;
        this.withoutBias = withoutBias;
    }

    /// Tensors with random values, one for each that a layer reads.
    ///
    /// @param withoutBias layers that have no bias
    static VoiceTensors fresh(long seed, Set<String> withoutBias) {
        SplittableRandom random = new SplittableRandom(seed);
        return new VoiceTensors(Path.of("config.json"), new NoTensors(), Optional.of(random), withoutBias);
    }

    boolean has(String name) {
        return fresh.isEmpty() ? checkpoint.names().contains(name)
                : name.endsWith(BIAS) && !withoutBias.contains(name.substring(0, name.length() - BIAS.length()));
    }

    /// The tensors that were read or made, by name.
    Map<String, Tensor> read() {
        return Collections.unmodifiableMap(read);
    }

    /// Refuses a checkpoint with tensors that no layer reads: its config belongs to others.
    ///
    /// @param unread beginnings of the names of those that may be left
    void requireRead(List<String> unread) throws CheckpointException {
        for (String name : checkpoint.names()) {
            if (!read.containsKey(name) && unread.stream().noneMatch(name::startsWith)) {
                throw new CheckpointException(path, name, "config.json has no place for this tensor; does it belong to "
                        + "these weights?");
            }
        }
    }

    private Tensor read(String name, long... shape) throws CheckpointException {
        Tensor stored = fresh.isPresent() ? make(name, fresh.get(), shape) : checkpoint.tensor(name);
        read.put(name, stored);
        if (!stored.dtype().isReal()) {
            throw new CheckpointException(path, name, "is " + stored.dtype() + ", expected real numbers");
        }
        return stored.dtype() == DType.F32 && stored.address() % 4 == 0 ? stored : Decode.widen(stored, arena);
    }

    /// Ones for the weights of norms, zeros for biases and flows, else normal numbers that keep the size of a layer's
    /// input.
    private Tensor make(String name, SplittableRandom random, long... shape) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
        boolean isZero = name.endsWith(BIAS) || shape.length == 2 && shape[1] == 1;
        boolean isNorm = shape.length == 1;
        boolean isTable = name.contains("embed");
        double deviation = isTable ? 1 / Math.sqrt(shape[1]) : 1 / Math.sqrt((double) tensor.size() / shape[0]);
        for (long i = 0; !isZero && i < tensor.size(); i++) {
            tensor.set(i, isNorm ? 1 : (float) (random.nextGaussian() * deviation));
        }
        return tensor;
    }

    private long[] requireShape(String name, long[] shape, long... expected) throws CheckpointException {
        if (!Arrays.equals(shape, expected)) {
            throw new CheckpointException(path, name, "has the shape " + Arrays.toString(shape) + ", config.json says "
                    + Arrays.toString(expected));
        }
        return shape;
    }

    /// A tensor as a matrix of as many rows as its first dimension has, or as a vector.
    ///
    /// @param shape of the tensor
    Weight weight(String name, long... shape) throws CheckpointException {
        return computed(name, shape, tensor -> shape.length < 3 ? tensor
                : tensor.reshape(shape[0], tensor.size() / shape[0]), gradient -> gradient);
    }

    /// The numbers of a tensor that is no weight of a layer.
    ///
    /// @param shape of the tensor
    float[] values(String name, long... shape) throws CheckpointException {
        return weight(name, shape).toF32(Arena.ofAuto()).toArray();
    }

    /// The bias of a layer, if it has one.
    Optional<Weight> bias(String layer, int size) throws CheckpointException {
        return has(layer + BIAS) ? Optional.of(weight(layer + BIAS, size)) : Optional.empty();
    }

    /// A matrix whose tensor has further dimensions of one value.
    ///
    /// @param shape of the tensor
    Weight nested(String name, int rows, int cols, long... shape) throws CheckpointException {
        return computed(name, shape, tensor -> tensor.reshape(rows, cols), gradient -> gradient);
    }

    /// The matrix `[O, C·k]` of a convolution, whose tensor may be normed.
    Weight convolution(String layer, int outputs, int inputs, int kernel) throws CheckpointException {
        for (String[] names : NORMED) {
            if (has(layer + names[0])) {
                return normed(layer, layer + names[0], layer + names[1], outputs, inputs, kernel);
            }
        }
        return weight(layer + ".weight", outputs, inputs, kernel);
    }

    /// The matrix `[O·k, C]` of a transposed convolution `[C, O, k]`, group by group.
    Weight transposed(String layer, int inputs, int outputs, int kernel, int groups) throws CheckpointException {
        String name = layer + ".weight";
        int rows = outputs * kernel;
        int cols = inputs / groups;
        return computed(name, new long[] {inputs, outputs, kernel}, tensor -> {
            Tensor y = Tensor.allocate(arena, DType.F32, (long) groups * rows, cols);
            for (long i = 0; i < tensor.size(); i++) {
                y.set((i / rows / cols * rows + i % rows) * cols + i / rows % cols, tensor.get(i));
            }
            return y;
        }, gradient -> {
            Tensor y = Tensor.allocate(Arena.ofAuto(), DType.F32, inputs, outputs, kernel);
            for (long i = 0; i < y.size(); i++) {
                y.set(i, gradient.get((i / rows / cols * rows + i % rows) * cols + i / rows % cols));
            }
            return y;
        });
    }

    /// The matrices `[V, H]` of a tensor `[n, H, V]`, one below the other.
    Weight turned(String name, int count, int inputs, int outputs) throws CheckpointException {
        return computed(name, new long[] {count, inputs, outputs}, tensor -> turn(Tensor.allocate(arena, DType.F32,
                (long) count * outputs, inputs), tensor, inputs, outputs), gradient -> turn(Tensor.allocate(
                Arena.ofAuto(), DType.F32, count, inputs, outputs), gradient, outputs, inputs));
    }

    /// Transposes each matrix of `rows` and `cols`.
    private static Tensor turn(Tensor to, Tensor from, int rows, int cols) {
        for (long i = 0; i < from.size(); i++) {
            long inside = i % ((long) rows * cols);
            to.set(i - inside + inside % cols * rows + inside / cols, from.get(i));
        }
        return to;
    }

    private Weight computed(String name, long[] shape, UnaryOperator<Tensor> arranged, UnaryOperator<Tensor> back)
            throws CheckpointException {
        Made known = made.get(name);
        if (known == null) {
            Tensor tensor = read(name, shape);
            long[] stored = requireShape(name, tensor.shape(), shape);
            known = new Made(new Weight.Stored(arranged.apply(tensor)), stored,
                    gradient -> Map.of(name, back.apply(gradient).reshape(stored)));
            made.put(name, known);
        }
        requireShape(name, known.shape, shape);
        return known.weight;
    }

    private Weight normed(String layer, String scales, String directions, int outputs, int inputs, int kernel)
            throws CheckpointException {
        Made known = made.get(layer);
        if (known == null) {
            Tensor g = read(scales);
            Tensor v = read(directions);
            requireShape(scales, g.shape(), outputs, 1, 1);
            long[] shape = requireShape(directions, v.shape(), outputs, inputs, kernel);
            int width = inputs * kernel;
            double[] lengths = new double[outputs];
            for (int i = 0; i < v.size(); i++) {
                lengths[i / width] += (double) v.get(i) * v.get(i);
            }
            Arrays.setAll(lengths, o -> Math.sqrt(lengths[o]));
            Tensor y = Tensor.allocate(arena, DType.F32, outputs, width);
            for (int i = 0; i < v.size(); i++) {
                y.set(i, (float) (g.get(i / width) * (v.get(i) / lengths[i / width])));
            }
            known = new Made(new Weight.Stored(y), shape, dy -> {
                Tensor dg = Tensor.allocate(Arena.ofAuto(), DType.F32, outputs, 1, 1);
                Tensor dv = Tensor.allocate(Arena.ofAuto(), DType.F32, shape);
                for (int o = 0; o < outputs; o++) {
                    double dot = 0;
                    for (int i = o * width; i < (o + 1) * width; i++) {
                        dot += dy.get(i) * (v.get(i) / lengths[o]);
                    }
                    dg.set(o, (float) dot);
                    for (int i = o * width; i < (o + 1) * width; i++) {
                        dv.set(i, (float) (g.get(o) / lengths[o] * (dy.get(i) - dot * v.get(i) / lengths[o])));
                    }
                }
                return Map.of(scales, dg, directions, dv);
            });
            made.put(layer, known);
        }
        return known.weight;
    }

    /// The memory of the weights.
    long bytes() {
        return made.values().stream().mapToLong(one -> Compute.stored(one.weight).sizeBytes()).sum();
    }

    /// The gradients of the tensors, by name.
    Map<String, Tensor> gradients(Gradients gradients) {
        Map<String, Tensor> all = new TreeMap<>();
        for (Made one : made.values()) {
            gradients.find(one.weight).ifPresent(gradient -> all.putAll(one.back.apply(gradient)));
        }
        return all;
    }

    /// Frees the weights.
    @Override
    public void close() {
        arena.close();
        checkpoint.close();
    }

    /// No file.
    private static final class NoTensors implements Checkpoint {
        @Override
        public Set<String> names() {
            return Set.of();
        }

        @Override
        public Tensor tensor(String name) {
            throw new IllegalStateException(name);
        }

        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void close() { }
    }
}
