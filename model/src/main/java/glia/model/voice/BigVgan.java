package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.Elementwise.Clamp;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.util.ArrayList;
import java.util.List;

/// BigVGAN (https://arxiv.org/abs/2206.04658): a spectrogram of mel bands, natural logarithms of amplitudes, to
/// samples. Snake is computed at twice the rate, so that its overtones do not fold back.
final class BigVgan {
    private static final int ENDS = 7;
    private static final int TAPS = 12;
    /// The filter between the rates: its cutoff, a share of the sampling rate, and half of its transition band.
    private static final double CUTOFF = 0.25;
    private static final double HALF_WIDTH = 0.3;
    /// Amplitudes in decibels: the lowest, and what all are lowered by.
    private static final double FLOOR = -115;
    private static final double SHIFT = -20;
    private static final double DECIBELS = 20 / Math.log(10);

    /// Snake between upsampling and downsampling.
    private record Smooth(TimeConvolution up, Snake snake, TimeConvolution down) {
        static Smooth of(VoiceTensors tensors, String name, int channels) throws CheckpointException {
            float[] filter = filter();
            float[] doubled = filter.clone();
            for (int i = 0; i < TAPS; i++) {
                doubled[i] *= 2;
            }
            // Five places more on both sides of the input, and of the output what these and the filter's ends add.
            int cut = TAPS + TAPS / 2 - 3;
            return new Smooth(TimeConvolution.filter(doubled, channels, new Taps(TAPS, 2, 1, cut, cut), true),
                    Snake.of(tensors, name + ".act", channels),
                    TimeConvolution.filter(filter, channels, new Taps(TAPS, 2, 1, 0, 0), false));
        }

        Tensor of(Ops ops, Tensor x) {
            Tensor y = snake.of(ops, up.of(ops, repeated(ops, x, TAPS / 2 - 1, TAPS / 2 - 1)));
            return down.of(ops, repeated(ops, y, TAPS / 2 - 1, TAPS / 2));
        }

        private static Tensor repeated(Ops ops, Tensor x, int before, int after) {
            return TimeConvolution.padded(ops, x, before, after, t -> Math.clamp(t, 0, x.rows() - 1));
        }
    }

    private record Branch(List<Smooth> activations, List<TimeConvolution> dilated, List<TimeConvolution> plain) {
        Tensor of(Ops ops, Tensor start) {
            Tensor x = start;
            for (int i = 0; i < dilated.size(); i++) {
                Tensor y = dilated.get(i).of(ops, activations.get(2 * i).of(ops, x));
                x = ops.apply(new Sum(x, 1, plain.get(i).of(ops, activations.get(2 * i + 1).of(ops, y)), 1));
            }
            return x;
        }
    }

    private record Stage(TimeConvolution up, List<Branch> branches) { }

    private final TimeConvolution first;
    private final List<Stage> stages = new ArrayList<>();
    private final Smooth lastSmooth;
    private final TimeConvolution last;

    BigVgan(Config config, VoiceTensors tensors, String prefix) throws CheckpointException {
        int width = config.positive("upsample_initial_channel");
        int[] rates = config.integers("upsample_rates");
        int[] kernels = config.integers("upsample_kernel_sizes");
        int[] branches = config.integers("resblock_kernel_sizes");
        int[][] dilations = config.integerLists("resblock_dilation_sizes");
        if (rates.length != kernels.length || branches.length != dilations.length) {
            throw config.error("upsample_rates", "and upsample_kernel_sizes, or resblock_kernel_sizes and "
                    + "resblock_dilation_sizes, have different lengths");
        }
        if (width % (1 << rates.length) != 0) {
            throw config.error("upsample_initial_channel", "is " + width + ", expected a multiple of "
                    + (1 << rates.length) + ", since each of upsample_rates halves it");
        }
        first = TimeConvolution.same(tensors, prefix + "conv_pre", config.positive("mel_dim"), width, ENDS, 1);
        for (int i = 0; i < rates.length; i++) {
            int cut = (kernels[i] - rates[i]) / 2;
            TimeConvolution up = TimeConvolution.transposed(tensors, prefix + "ups." + i + ".0", width, width / 2, 1,
                    new Taps(kernels[i], rates[i], 1, cut, cut));
            width /= 2;
            List<Branch> all = new ArrayList<>();
            for (int b = 0; b < branches.length; b++) {
                all.add(branch(tensors, prefix + "resblocks." + (i * branches.length + b) + ".", width, branches[b],
                        dilations[b]));
            }
            stages.add(new Stage(up, all));
        }
        lastSmooth = Smooth.of(tensors, prefix + "activation_post", width);
        last = TimeConvolution.same(tensors, prefix + "conv_post", width, 1, ENDS, 1);
    }

    private static Branch branch(VoiceTensors tensors, String name, int width, int kernel, int[] dilations)
            throws CheckpointException {
        Branch branch = new Branch(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < dilations.length; i++) {
            branch.activations.add(Smooth.of(tensors, name + "activations." + 2 * i, width));
            branch.activations.add(Smooth.of(tensors, name + "activations." + (2 * i + 1), width));
            branch.dilated.add(TimeConvolution.same(tensors, name + "convs1." + i, width, width, kernel,
                    dilations[i]));
            branch.plain.add(TimeConvolution.same(tensors, name + "convs2." + i, width, width, kernel, 1));
        }
        return branch;
    }

    /// A low-pass filter: a sinc in a Kaiser window, `w(n) = I₀(β√(1 - x²)) / I₀(β)`, whose sum is 1.
    /// https://en.wikipedia.org/wiki/Kaiser_window
    private static float[] filter() {
        double attenuation = 2.285 * (TAPS / 2 - 1) * Math.PI * 4 * HALF_WIDTH + 7.95;
        double beta = attenuation > 50 ? 0.1102 * (attenuation - 8.7)
                : 0.5842 * Math.pow(attenuation - 21, 0.4) + 0.07886 * (attenuation - 21);
        double[] taps = new double[TAPS];
        double sum = 0;
        for (int i = 0; i < TAPS; i++) {
            double angle = 2 * Math.PI * CUTOFF * (i - TAPS / 2 + 0.5);
            double place = 2.0 * i / (TAPS - 1) - 1;
            taps[i] = Math.sin(angle) / angle * bessel(beta * Math.sqrt(1 - place * place)) / bessel(beta);
            sum += taps[i];
        }
        float[] filter = new float[TAPS];
        for (int i = 0; i < TAPS; i++) {
            filter[i] = (float) (taps[i] / sum);
        }
        return filter;
    }

    /// `I₀(x) = Σ_k ((x/2)^k / k!)²`.
    private static double bessel(double x) {
        double term = 1;
        double sum = 1;
        for (int k = 1; term > sum * 1e-17; k++) {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }
        return sum;
    }

    /// The samples of a spectrogram `[T, bands]`, `[T·Π rates, 1]`.
    Tensor of(Ops ops, Tensor mel) {
        double scale = -2 / FLOOR;
        Tensor x = first.of(ops, ops.apply(new ElementwiseMap(mel, v -> Math.clamp((Math.max(DECIBELS * v, FLOOR)
                + SHIFT - FLOOR) * scale - 1, -1, 1), v -> Math.abs((DECIBELS * v + SHIFT - FLOOR) * scale - 1) > 1 ? 0
                : DECIBELS * scale)));
        for (Stage stage : stages) {
            Tensor wide = stage.up.of(ops, x);
            x = null;
            for (Branch branch : stage.branches) {
                Tensor y = branch.of(ops, wide);
                x = x == null ? y : ops.apply(new Sum(x, 1, y, 1));
            }
            x = ops.scale(x, 1f / stage.branches.size());
        }
        return ops.apply(new Clamp(last.of(ops, lastSmooth.of(ops, x)), 1));
    }
}
