package glia.model.voice;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.UnfoldedRows.Taps;
import java.util.ArrayList;
import java.util.List;

/// The causal convolutions of a codec of sound (https://arxiv.org/abs/2009.02095): samples to frames, or frames to
/// samples. Layers are numbered as in the checkpoint, activations included.
final class Seanet {
    /// A layer.
    interface Layer {
        Tensor of(Ops ops, Tensor x);
    }

    private final Config config;
    private final VoiceTensors tensors;
    private final String prefix;
    private final List<Layer> layers = new ArrayList<>();

    private Seanet(Config config, VoiceTensors tensors, String prefix) {
        this.config = config;
        this.tensors = tensors;
        this.prefix = prefix;
    }

    /// Samples `[S, 1]` to frames `[S / Π ratios, H]`.
    static Seanet encoder(Config config, VoiceTensors tensors, String prefix) throws CheckpointException {
        Seanet net = new Seanet(config, tensors, prefix);
        int width = config.positive("num_filters", 64);
        net.convolution(config.positive("audio_channels", 1), width, config.positive("kernel_size", 7), 1, 1);
        int[] ratios = ratios(config);
        for (int i = ratios.length - 1; i >= 0; i--) {
            net.residuals(width);
            net.activation();
            net.convolution(width, 2 * width, 2 * ratios[i], ratios[i], 1);
            width *= 2;
        }
        net.activation();
        net.convolution(width, config.positive("hidden_size", 512), config.positive("last_kernel_size", 3), 1, 1);
        return net;
    }

    /// Frames to samples.
    static Seanet decoder(Config config, VoiceTensors tensors, String prefix) throws CheckpointException {
        Seanet net = new Seanet(config, tensors, prefix);
        int[] ratios = ratios(config);
        int width = config.positive("num_filters", 64) << ratios.length;
        net.convolution(config.positive("hidden_size", 512), width, config.positive("kernel_size", 7), 1, 1);
        for (int ratio : ratios) {
            net.activation();
            net.layers.add(transposed(config, tensors, net.name(), width, width / 2, ratio, 1)::of);
            width /= 2;
            net.residuals(width);
        }
        net.activation();
        net.convolution(width, config.positive("audio_channels", 1), config.positive("last_kernel_size", 3), 1, 1);
        return net;
    }

    static int[] ratios(Config config) throws CheckpointException {
        return config.has("upsampling_ratios") ? config.integers("upsampling_ratios") : new int[] {8, 6, 5, 4};
    }

    /// A convolution that sees the places before alone: `⌈T / stride⌉` outputs.
    static TimeConvolution causal(VoiceTensors tensors, String name, int inputs, int outputs, int kernel, int stride,
            int dilation) throws CheckpointException {
        return TimeConvolution.of(tensors, name, inputs, outputs, 1, new Taps(kernel, stride, dilation,
                Math.max(0, dilation * (kernel - 1) + 1 - stride), stride - 1));
    }

    /// A transposed convolution of a kernel of two strides, whose end is cut off: T·stride outputs.
    static TimeConvolution transposed(Config config, VoiceTensors tensors, String name, int inputs, int outputs,
            int stride, int groups) throws CheckpointException {
        int right = (int) Math.ceil(stride * config.real("trim_right_ratio", 1));
        return TimeConvolution.transposed(tensors, name, inputs, outputs, groups, new Taps(2 * stride, stride, 1,
                stride - right, right));
    }

    private String name() {
        return prefix + layers.size() + ".conv";
    }

    private void convolution(int inputs, int outputs, int kernel, int stride, int dilation)
            throws CheckpointException {
        layers.add(causal(tensors, name(), inputs, outputs, kernel, stride, dilation)::of);
    }

    private void activation() {
        layers.add(Seanet::elu);
    }

    private void residuals(int width) throws CheckpointException {
        int dilation = 1;
        int inner = width / config.positive("compress", 2);
        int kernel = config.positive("residual_kernel_size", 3);
        for (int i = 0; i < config.positive("num_residual_layers", 1); i++) {
            String block = prefix + layers.size();
            TimeConvolution first = causal(tensors, block + ".block.1.conv", width, inner, kernel, 1, dilation);
            TimeConvolution second = causal(tensors, block + ".block.3.conv", inner, width, 1, 1, 1);
            Layer shortcut = config.flag("use_conv_shortcut", false)
                    ? causal(tensors, block + ".shortcut.conv", width, width, 1, 1, 1)::of : (ops, x) -> x;
            layers.add((ops, x) -> ops.apply(new Sum(shortcut.of(ops, x), 1,
                    second.of(ops, elu(ops, first.of(ops, elu(ops, x)))), 1)));
            dilation *= config.positive("dilation_growth_rate", 2);
        }
    }

    private static Tensor elu(Ops ops, Tensor x) {
        return ops.apply(new ElementwiseMap(x, v -> v > 0 ? v : Math.expm1(v), v -> v > 0 ? 1 : Math.exp(v)));
    }

    Tensor of(Ops ops, Tensor x) {
        Tensor y = x;
        for (Layer layer : layers) {
            y = layer.of(ops, y);
        }
        return y;
    }
}
