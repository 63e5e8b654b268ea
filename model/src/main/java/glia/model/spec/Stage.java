package glia.model.spec;

import glia.tensor.kernel.Activation;

/// A stage of what is computed of features over time, such as the frames of a spectrogram or the samples of a sound,
/// before the layers of an encoder. Stage i has the parameters of branch `1 + i` of the whole.
public sealed interface Stage {
    /// The number of rows that it makes of `count` rows; 0 if there are too few.
    default int numRows(int count) {
        return count;
    }

    /// The rows that a row stands for.
    default int step() {
        return 1;
    }

    /// Adds the parameters.
    ///
    /// @param size the width of its rows
    /// @return the width of the rows that it makes
    default int parameters(Shapes shapes, int size) {
        return size;
    }

    /// A convolution over time: row t is `W · (x[s t - p], …, x[s t - p + k - 1]) + b`, rows outside are zeros.
    ///
    /// @param outputs the width of its rows
    /// @param kernel k
    /// @param stride s
    /// @param padding p
    record Convolved(int outputs, int kernel, int stride, int padding, boolean biased) implements Stage {
        public Convolved {
            NumberRange.SIZE.require("outputs of a convolution", outputs);
            NumberRange.SIZE.require("kernel of a convolution", kernel);
            NumberRange.SIZE.require("stride of a convolution", stride);
        }

        @Override
        public int step() {
            return stride;
        }

        @Override
        public int numRows(int count) {
            return Math.max(0, Math.floorDiv(count + 2 * padding - kernel, stride) + 1);
        }

        @Override
        public int parameters(Shapes shapes, int size) {
            shapes.linear(Role.STAGE, Role.STAGE_BIAS, biased, outputs, (long) size * kernel);
            return outputs;
        }
    }

    /// A convolution over time and frequency of 3 × 3 places at each second place, with zeros around them. A row holds
    /// the channels of frequency after frequency. https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    ///
    /// @param bins frequencies of its input
    /// @param inputs channels of its input
    /// @param outputs channels of its rows
    /// @param groups of consecutive channels that are convolved apart
    /// @param timeFirst whether a kernel has the frequencies of time after time
    record Halved(int bins, int inputs, int outputs, int groups, boolean timeFirst, boolean biased)
            implements Stage {
        public static final int KERNEL = 3;

        /// A convolution of all channels, whose kernel has the times of frequency after frequency.
        public Halved(int bins, int inputs, int outputs, boolean biased) {
            this(bins, inputs, outputs, 1, false, biased);
        }

        public Halved {
            requireDivisor(groups, inputs);
            requireDivisor(groups, outputs);
            NumberRange.SIZE.require("frequencies", bins);
            NumberRange.SIZE.require("inputs of a convolution", inputs);
            NumberRange.SIZE.require("outputs of a convolution", outputs);
        }

        /// The number of frequencies of its rows.
        public int binsOut() {
            return (bins + 1) / 2;
        }

        @Override
        public int step() {
            return 2;
        }

        @Override
        public int numRows(int count) {
            return (count + 1) / 2;
        }

        @Override
        public int parameters(Shapes shapes, int size) {
            shapes.linear(Role.STAGE, Role.STAGE_BIAS, biased, outputs, (long) inputs / groups * KERNEL * KERNEL);
            return binsOut() * outputs;
        }
    }

    /// A linear map of the channels of each frequency, in rows that hold those of frequency after frequency.
    record MappedApart(int bins, int outputs, boolean biased) implements Stage {
        @Override
        public int parameters(Shapes shapes, int size) {
            shapes.linear(Role.STAGE, Role.STAGE_BIAS, biased, outputs, size / bins);
            return bins * outputs;
        }
    }

    /// A linear map of rows that hold the channels of frequency after frequency; it reads channel after channel.
    record Mapped(int bins, int outputs, boolean biased) implements Stage {
        @Override
        public int parameters(Shapes shapes, int size) {
            shapes.linear(Role.STAGE, Role.STAGE_BIAS, biased, outputs, size);
            return outputs;
        }
    }

    /// Group normalization over all rows, with a weight and a bias for each column.
    ///
    /// @param groups of consecutive columns, each with one mean and variance
    record TimeNormed(int groups) implements Stage {
        /// That of PyTorch.
        public static final float EPS = 1e-5f;

        @Override
        public int parameters(Shapes shapes, int size) {
            requireDivisor(groups, size);
            shapes.add(Role.STAGE, size);
            shapes.add(Role.STAGE_BIAS, size);
            return size;
        }
    }

    /// A norm of each row.
    record Normed(Norm norm) implements Stage {
        @Override
        public int parameters(Shapes shapes, int size) {
            shapes.norm(norm, Role.STAGE, Role.STAGE_BIAS, size);
            return size;
        }
    }

    /// A norm of the channels of each frequency, in rows that hold those of frequency after frequency.
    record NormedApart(int bins, Norm norm) implements Stage {
        @Override
        public int parameters(Shapes shapes, int size) {
            shapes.norm(norm, Role.STAGE, Role.STAGE_BIAS, size / bins);
            return size;
        }
    }

    /// Positions from what is around: `x + f(W * x + b)` with a convolution over time in groups of columns, as many
    /// rows as before. Its weight has one length for each tap j, `W[..., j] = g[j] · v[..., j] / |v[..., j]|`
    /// (https://arxiv.org/abs/1602.07868). From wav2vec 2.0 (https://arxiv.org/abs/2006.11477).
    ///
    /// @param kernel the number of taps
    /// @param groups of consecutive columns
    record Located(int kernel, int groups, Activation activation) implements Stage {
        public Located {
            NumberRange.SIZE.require("kernel of a convolution", kernel);
        }

        @Override
        public int parameters(Shapes shapes, int size) {
            requireDivisor(groups, size);
            shapes.linear(Role.STAGE, Role.STAGE_BIAS, true, size, (long) size / groups * kernel);
            shapes.add(Role.STAGE_SCALE, 1, kernel);
            return size;
        }
    }

    private static void requireDivisor(int groups, int size) {
        if (groups < 1 || size % groups != 0) {
            throw new IllegalArgumentException(groups + " groups of " + size + " columns, expected a divisor");
        }
    }

    /// `factor · x`.
    record Scaled(float factor) implements Stage { }

    /// An activation function.
    record Activated(Activation activation) implements Stage { }
}
