package glia.model.voice;

import glia.io.CheckpointException;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.PerHeadLinear.Direction;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import glia.tensor.ops.row.UnfoldedRows;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/// A convolution over time, `[T, C]` to `[T', O]`, or a transposed one; grouped, dilated, with a stride.
/// https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
final class TimeConvolution {
    private final Weight weight;
    private final Optional<HeadWeights> groups;
    private final Optional<Weight> bias;
    private final Taps taps;
    private final boolean isTransposed;

    private TimeConvolution(Weight weight, int groups, Optional<Weight> bias, Taps taps, boolean isTransposed) {
        this.weight = weight;
        this.groups = groups == 1 ? Optional.empty() : Optional.of(new HeadWeights(weight, groups, 0,
                weight.rows() / groups));
        this.bias = bias;
        this.taps = taps;
        this.isTransposed = isTransposed;
    }

    /// A convolution of the tensors `layer.weight` and, if there is one, `layer.bias`.
    static TimeConvolution of(VoiceTensors tensors, String layer, int inputs, int outputs, int groups, Taps taps)
            throws CheckpointException {
        return new TimeConvolution(tensors.convolution(layer, outputs, inputs / groups, taps.kernel()), groups,
                tensors.bias(layer, outputs), taps, false);
    }

    /// A convolution whose output is as long as its input: `⌊d(k - 1)/2⌋` zeros on both sides.
    static TimeConvolution same(VoiceTensors tensors, String layer, int inputs, int outputs, int kernel, int dilation)
            throws CheckpointException {
        int padding = dilation * (kernel - 1) / 2;
        return of(tensors, layer, inputs, outputs, 1, new Taps(kernel, 1, dilation, padding,
                dilation * (kernel - 1) - padding));
    }

    /// A transposed convolution. The zeros of the taps are places that are cut off.
    static TimeConvolution transposed(VoiceTensors tensors, String layer, int inputs, int outputs, int groups,
            Taps taps) throws CheckpointException {
        return new TimeConvolution(tensors.transposed(layer, inputs, outputs / groups, taps.kernel(), groups), groups,
                tensors.bias(layer, outputs), taps, true);
    }

    /// The same constant filter for each channel.
    static TimeConvolution filter(float[] filter, int channels, Taps taps, boolean isTransposed) {
        Tensor rows = Tensor.allocate(Arena.ofAuto(), DType.F32, isTransposed ? (long) channels * filter.length
                : channels, isTransposed ? 1 : filter.length);
        for (int i = 0; i < rows.size(); i++) {
            rows.set(i, filter[i % filter.length]);
        }
        return new TimeConvolution(new Weight.Stored(rows), channels, Optional.empty(), taps, isTransposed);
    }

    /// A linear map of each place.
    static TimeConvolution point(VoiceTensors tensors, String layer, int inputs, int outputs)
            throws CheckpointException {
        return same(tensors, layer, inputs, outputs, 1, 1);
    }

    /// A sound with places before its start and after its end, whose rows are those of `place`.
    static Tensor padded(Ops ops, Tensor x, int before, int after, IntUnaryOperator place) {
        int[] rows = IntStream.range(-before, x.rows() + after).map(place).toArray();
        return ops.select(x, rows, rows.length);
    }

    Tensor of(Ops ops, Tensor x) {
        Tensor rows = isTransposed || taps.equals(new Taps(1, 1, 1, 0, 0)) ? x
                : ops.apply(new UnfoldedRows(x, taps));
        Tensor product = groups.isPresent() ? ops.apply(new PerHeadLinear(rows, groups.get(), Direction.FORWARD))
                : ops.linear(rows, weight);
        Tensor y = isTransposed ? ops.apply(new UnfoldedRows.Summed(product, taps)) : product;
        return bias.isPresent() ? ops.addBias(y, bias.get()) : y;
    }
}
