package glia.model.voice;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.VoiceTensors.Affine;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Elementwise.Clamp;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.Sums.GroupSums;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// The vocoder of Qwen3-Omni (https://arxiv.org/abs/2509.17765): a transformer reads the mean embedding of each frame's
/// codes, and convolutions with Snake make samples of its states. A convolution that upsamples cuts both ends, so T
/// frames give somewhat less than `T·hop` samples.
public final class Qwen3OmniVocoder implements AutoCloseable {
    /// The class that config.json names.
    public static final String TYPE = "Qwen3OmniMoeCode2Wav";
    private static final int KERNEL = 7;
    private static final float EPSILON = 1e-6f;
    private static final int[] DILATIONS = {1, 3, 9};

    /// Upsampling of states, then a block of ConvNeXt (https://arxiv.org/abs/2201.03545).
    private record Refinement(TimeConvolution up, TimeConvolution each, Weight norm, Weight bias, Affine wide,
            Affine narrow, Weight scale) {
        Tensor of(Ops ops, Tensor states) {
            Tensor x = up.of(ops, states);
            Tensor inner = wide.of(ops, ops.layerNorm(each.of(ops, x), norm, bias, EPSILON));
            Tensor y = narrow.of(ops, ops.activate(inner, Activation.GELU));
            return ops.apply(new Sum(x, 1, ops.apply(new WeightedColumns(y, scale)), 1));
        }
    }

    private record Unit(Snake first, TimeConvolution wide, Snake second, TimeConvolution point) {
        Tensor of(Ops ops, Tensor x) {
            Tensor y = point.of(ops, second.of(ops, wide.of(ops, first.of(ops, x))));
            return ops.apply(new Sum(x, 1, y, 1));
        }
    }

    private record Stage(Snake before, TimeConvolution up, List<Unit> units) { }

    private final VoiceTensors tensors;
    private final VoiceTransformer body;
    private final Weight codes;
    private final int numCodes;
    private final int bookSize;
    private final int hop;
    private final List<Refinement> refinements = new ArrayList<>();
    private final TimeConvolution first;
    private final List<Stage> stages = new ArrayList<>();
    private final Snake lastSnake;
    private final TimeConvolution last;

    /// @param checkpoint which the vocoder closes
    /// @throws CheckpointException if the config is not supported, or tensors do not fit it
    public Qwen3OmniVocoder(Config config, Path path, Checkpoint checkpoint) throws CheckpointException {
        tensors = new VoiceTensors(path, checkpoint);
        body = new VoiceTransformer(config, tensors, "pre_transformer.", VoiceTransformer.Form.GATED_SCALED,
                SoundCodec.activation(config, "silu"));
        int hidden = body.hidden();
        numCodes = config.positive("num_quantizers");
        bookSize = config.positive("codebook_size");
        codes = tensors.weight("code_embedding.weight", (long) numCodes * bookSize, hidden);
        int[] ratios = config.integers("upsampling_ratios");
        int[] rates = config.integers("upsample_rates");
        hop = IntStream.concat(IntStream.of(ratios), IntStream.of(rates)).reduce(1, Math::multiplyExact);
        for (int i = 0; i < ratios.length; i++) {
            String name = "upsample." + i;
            refinements.add(new Refinement(up(name + ".0.conv", hidden, hidden, ratios[i], ratios[i]),
                    TimeConvolution.of(tensors, name + ".1.dwconv.conv", hidden, hidden, hidden,
                            new Taps(KERNEL, 1, 1, KERNEL - 1, 0)),
                    tensors.weight(name + ".1.norm.weight", hidden), tensors.weight(name + ".1.norm.bias", hidden),
                    Affine.of(tensors, name + ".1.pwconv1", 4 * hidden, hidden),
                    Affine.of(tensors, name + ".1.pwconv2", hidden, 4 * hidden),
                    tensors.weight(name + ".1.gamma", hidden)));
        }
        int width = config.positive("decoder_dim");
        if (width % (1 << rates.length) != 0) {
            throw config.error("decoder_dim", "is " + width + ", expected a multiple of " + (1 << rates.length)
                    + ", since each of upsample_rates halves it");
        }
        first = Seanet.causal(tensors, "decoder.0.conv", hidden, width, KERNEL, 1, 1);
        for (int i = 0; i < rates.length; i++) {
            String name = "decoder." + (i + 1) + ".block.";
            Snake before = Snake.of(tensors, name + 0, width);
            TimeConvolution up = up(name + "1.conv", width, width / 2, 2 * rates[i], rates[i]);
            width /= 2;
            List<Unit> units = new ArrayList<>();
            for (int j = 0; j < DILATIONS.length; j++) {
                String unit = name + (j + 2) + ".";
                units.add(new Unit(Snake.of(tensors, unit + "act1", width), Seanet.causal(tensors, unit + "conv1.conv",
                        width, width, KERNEL, 1, DILATIONS[j]), Snake.of(tensors, unit + "act2", width),
                        TimeConvolution.point(tensors, unit + "conv2.conv", width, width)));
            }
            stages.add(new Stage(before, up, units));
        }
        lastSnake = Snake.of(tensors, "decoder." + (rates.length + 1), width);
        last = Seanet.causal(tensors, "decoder." + (rates.length + 2) + ".conv", width, 1, KERNEL, 1, 1);
        tensors.requireRead(List.of());
    }

    private TimeConvolution up(String name, int inputs, int outputs, int kernel, int stride)
            throws CheckpointException {
        return TimeConvolution.transposed(tensors, name, inputs, outputs, 1, new Taps(kernel, stride, 1,
                kernel - stride, kernel - stride));
    }

    /// The number of codes of a book.
    public int bookSize() {
        return bookSize;
    }

    /// Samples from one frame to the next.
    public int hop() {
        return hop;
    }

    /// The samples of codes, `[S, 1]`.
    ///
    /// @param books the codes of each book, one a frame
    /// @param seen receives the states of the transformer
    /// @throws IllegalArgumentException if there are no codes, other books or larger codes
    public Tensor samples(Ops ops, int[][] books, Consumer<Tensor> seen) {
        if (books.length != numCodes || books[0].length == 0) {
            throw new IllegalArgumentException(books.length + " books of codes, expected " + numCodes
                    + " with a code for each frame");
        }
        int count = books[0].length;
        int[] ids = IntStream.range(0, numCodes * count).map(i -> {
            int code = books[i % numCodes][i / numCodes];
            if (code < 0 || code >= bookSize) {
                throw new IllegalArgumentException("code " + code + ", expected 0 to " + (bookSize - 1));
            }
            return code + i % numCodes * bookSize;
        }).toArray();
        int[] frames = IntStream.range(0, ids.length).map(i -> i / numCodes).toArray();
        Tensor x = body.of(ops, ops.scale(ops.apply(new GroupSums(ops.embed(codes, ids, ids.length), frames, count)),
                1f / numCodes), 1);
        seen.accept(x);
        for (Refinement refinement : refinements) {
            x = refinement.of(ops, x);
        }
        x = first.of(ops, x);
        for (Stage stage : stages) {
            x = stage.up.of(ops, stage.before.of(ops, x));
            for (Unit unit : stage.units) {
                x = unit.of(ops, x);
            }
        }
        return ops.apply(new Clamp(last.of(ops, lastSnake.of(ops, x)), 1));
    }

    /// Samples part by part, in bounded memory. Each part is computed with frames before it, whose samples are left
    /// out.
    ///
    /// @param size frames of a part
    /// @param context frames before it
    /// @param part receives samples
    public void parts(Ops ops, int[][] books, int size, int context, Consumer<float[]> part) {
        for (int start = 0; start < books[0].length; start += size) {
            int from = Math.max(0, start - context);
            int end = Math.min(start + size, books[0].length);
            int mark = ops.mark();
            float[] samples = samples(ops, Arrays.stream(books).map(book -> Arrays.copyOfRange(book, from, end))
                    .toArray(int[][]::new), x -> { }).toArray();
            ops.release(mark);
            part.accept(Arrays.copyOfRange(samples, Math.min(samples.length, (start - from) * hop), samples.length));
        }
    }

    /// The memory of the weights.
    public long bytes() {
        return tensors.bytes();
    }

    /// The gradients of the tensors of the checkpoint, by name.
    public Map<String, Tensor> gradients(Gradients gradients) {
        return tensors.gradients(gradients);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
