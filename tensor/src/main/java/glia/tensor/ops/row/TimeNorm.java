package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;

/// Group normalization over time, without weights: each group of columns of `[T, C]` gets mean 0 and variance 1 over
/// its columns and all rows of its frame, `y = (x - mean) / √(variance + eps)`. https://arxiv.org/abs/1803.08494
///
/// @param groups of consecutive columns
/// @param frames runs of equally many rows, such as pictures
public record TimeNorm(Tensor x, int groups, float eps, int frames) implements UnaryOperation, Operation.ReadsInputs {
    public TimeNorm {
        Compute.require(groups > 0 && x.cols() % groups == 0 && frames > 0 && x.rows() % frames == 0, "group norm", x,
                groups);
    }

    /// All rows are one frame.
    public TimeNorm(Tensor x, int groups, float eps) {
        this(x, groups, eps, 1);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        int width = x.cols() / groups;
        int length = x.rows() / frames;
        Ranges.run(ops.kernels().workers(), frames * groups, 4L * length * width, (from, to) -> {
            for (int run = from; run < to; run++) {
                double[] moments = moments(run);
                int g = run % groups;
                for (int t = run / groups * length; t < (run / groups + 1) * length; t++) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        long at = (long) t * x.cols() + c;
                        y.set(at, (float) ((x.get(at) - moments[0]) * moments[1]));
                    }
                }
            }
        });
        return y;
    }

    /// The mean of a group of a frame and 1 divided by its standard deviation.
    private double[] moments(int run) {
        int width = x.cols() / groups;
        int length = x.rows() / frames;
        int group = run % groups;
        double sum = 0;
        double square = 0;
        for (int pass = 0; pass < 2; pass++) {
            double mean = sum / ((double) length * width);
            for (int t = run / groups * length; t < (run / groups + 1) * length; t++) {
                for (int c = group * width; c < (group + 1) * width; c++) {
                    double v = x.get((long) t * x.cols() + c);
                    sum += pass == 0 ? v : 0;
                    square += pass == 0 ? 0 : (v - mean) * (v - mean);
                }
            }
        }
        double count = (double) length * width;
        return new double[] {sum / count, 1 / Math.sqrt(square / count + eps)};
    }

    /// `dx += (dy - mean(dy) - y mean(y dy)) / deviation` in each group.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        int width = x.cols() / groups;
        int length = x.rows() / frames;
        double count = (double) length * width;
        for (int run = 0; run < frames * groups; run++) {
            double[] moments = moments(run);
            int g = run % groups;
            double mean = 0;
            double along = 0;
            for (int pass = 0; pass < 2; pass++) {
                for (int t = run / groups * length; t < (run / groups + 1) * length; t++) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        long at = (long) t * x.cols() + c;
                        double v = (x.get(at) - moments[0]) * moments[1];
                        if (pass == 0) {
                            mean += dy.get(at) / count;
                            along += v * dy.get(at) / count;
                        } else {
                            dx.set(at, dx.get(at) + (float) ((dy.get(at) - mean - v * along) * moments[1]));
                        }
                    }
                }
            }
        }
    }

    /// Batch normalization by stored numbers, without weights: `y = (x - mean) / √(variance + eps)` for each column.
    /// The numbers get no gradients. https://arxiv.org/abs/1502.03167
    ///
    /// @param mean `[C]`
    /// @param variance `[C]`
    public record Stored(Tensor x, Weight mean, Weight variance, float eps)
            implements UnaryOperation, Operation.ReadsNothing {
        public Stored {
            Compute.require(Compute.stored(mean).size() == x.cols() && Compute.stored(variance).size() == x.cols(),
                    "batch norm", x, Compute.stored(mean));
        }

        private double[] factors() {
            double[] factors = new double[x.cols()];
            for (int c = 0; c < factors.length; c++) {
                factors[c] = 1 / Math.sqrt(Compute.stored(variance).get(c) + eps);
            }
            return factors;
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows(), x.cols());
            Tensor means = Compute.stored(mean);
            double[] factors = factors();
            for (long i = 0; i < x.size(); i++) {
                int c = (int) (i % factors.length);
                y.set(i, (float) ((x.get(i) - means.get(c)) * factors[c]));
            }
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            Tensor dy = tape.gradient(y);
            double[] factors = factors();
            for (long i = 0; i < x.size(); i++) {
                dx.set(i, dx.get(i) + (float) (dy.get(i) * factors[(int) (i % factors.length)]));
            }
        }
    }
}
