package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertMlp.Dispatch;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import java.util.Arrays;
import java.util.List;

/// The gradient of an `ExpertMlp`, map by map from the output. Only the gradients that are needed are computed.
final class ExpertMlpBackward {
    private final ExpertMlp op;
    private final Dispatch dispatch;
    private final Tape tape;
    private final Kernels kernels;
    private final Tensor dy;
    private final boolean needsInput;

    ExpertMlpBackward(ExpertMlp op, Tape tape, Tensor y) {
        this.op = op;
        this.tape = tape;
        dispatch = op.dispatch;
        kernels = tape.kernels();
        dy = tape.gradient(y);
        needsInput = tape.needs(op.x) || op.weighting == Weighting.INPUT && tape.needs(op.weights);
    }

    void run() {
        for (ExpertLinear bank : List.of(op.experts.gate(), op.experts.up(), op.experts.down())) {
            reach(bank.weights());
            reach(bank.biases());
        }
        Tensor dweights = tape.gradient(op.weights);
        Tensor doutput = output(dweights);
        boolean[] needsHidden = new boolean[dispatch.numActive()];
        boolean any = needsInput;
        for (int i = 0; i < needsHidden.length; i++) {
            needsHidden[i] = needsInput || isTrainable(op.experts.up(), i) || isTrainable(op.experts.gate(), i);
            any |= needsHidden[i];
        }
        Tensor dhidden = any ? zeros(op.hidden.cols()) : doutput;
        back(op.experts.down(), doutput, op.hidden, dhidden, needsHidden);
        if (!any) {
            return;
        }
        Tensor dup = zeros(op.hidden.cols());
        Tensor dgate = zeros(op.hidden.cols());
        switch (op.experts.form()) {
            case MlpForm.Gated gated -> kernels.gradients().gatedBackward(dgate, dup, dhidden, op.gate, op.up,
                    gated.activation());
            case MlpForm.Plain plain -> kernels.gradients().activateBackward(dup, dhidden, op.up, plain.activation());
            case MlpForm.Limited limited -> {
                kernels.gradients().gatedBackward(dgate, dup, dhidden, op.cutGate, op.cutUp, limited.activation());
                uncut(limited, dgate, dup);
            }
            case MlpForm.SoftCapped capped -> {
                kernels.gradients().gatedBackward(dgate, dup, dhidden, op.gate, op.cutUp, Activation.SILU);
                uncap(capped, dgate, dup);
            }
        }
        Tensor dinput = zeros(op.x.cols());
        boolean[] needsInputs = new boolean[dispatch.numActive()];
        Arrays.fill(needsInputs, needsInput);
        back(op.experts.up(), dup, op.input, dinput, needsInputs);
        if (op.experts.form().isGated()) {
            back(op.experts.gate(), dgate, op.input, dinput, needsInputs);
        }
        if (needsInput) {
            for (int place = dispatch.numMapped(); place < dispatch.size(); place++) {
                dinput.rows(place, place + 1).copyFrom(doutput.rows(place, place + 1));
            }
            scatter(dinput, dweights);
        }
    }

    /// Makes the gradients of all experts, which are zero for those that no token reached: an optimizer updates these,
    /// too, by momentum and weight decay.
    private void reach(List<Weight> weights) {
        for (Weight w : weights) {
            if (tape.needs(w)) {
                tape.gradient(w);
            }
        }
    }

    /// Returns the gradients of the experts' outputs in dispatch order; adds those of the routing weights.
    private Tensor output(Tensor dweights) {
        Tensor doutput = tape.scratch(dispatch.size(), op.x.cols());
        Ranges.run(kernels.workers(), dispatch.size(), 2L * op.x.cols(), (first, end) -> {
            for (int choice = first; choice < end; choice++) {
                int place = dispatch.places[choice];
                long from = dy.address() + dispatch.tokens[place] * dy.rowBytes();
                long to = doutput.address() + place * doutput.rowBytes();
                ExpertMlp.scale(to, from, op.weighting == Weighting.OUTPUT ? op.weights.get(choice) : 1, op.x.cols());
                if (op.weighting == Weighting.OUTPUT) {
                    double d = Vectors.dot(from, op.output.address() + place * op.output.rowBytes(), op.x.cols());
                    dweights.set(choice, dweights.get(choice) + (float) d);
                }
            }
        });
        return doutput;
    }

    private Tensor zeros(int cols) {
        Tensor t = tape.scratch(dispatch.size(), cols);
        t.zero();
        return t;
    }

    /// Whether the map of an active expert has trainable parameters.
    private boolean isTrainable(ExpertLinear bank, int active) {
        int expert = dispatch.experts[active];
        return !bank.weights().isEmpty() && (tape.needs(bank.weights().get(expert))
                || !bank.biases().isEmpty() && tape.needs(bank.biases().get(expert)));
    }

    /// Runs the backward pass of a map for every active expert.
    ///
    /// @param din the gradients of the inputs, to be added to
    /// @param needed the active experts whose inputs need a gradient
    private void back(ExpertLinear bank, Tensor dy, Tensor in, Tensor din, boolean[] needed) {
        List<Weight> biases = bank.biases();
        for (int i = 0; i < dispatch.numActive(); i++) {
            int start = dispatch.starts[i];
            int end = dispatch.starts[i + 1];
            int expert = dispatch.experts[i];
            Tensor d = dy.rows(start, end);
            Weight w = bank.weights().get(expert);
            if (tape.needs(w)) {
                int from = in == op.x ? 0 : start;
                tape.products().addWeightGradient(tape, w, d, in.rows(from, from + end - start));
            }
            if (needed[i]) {
                tape.products().addInputGradient(din.rows(start, end), d, w);
            }
            if (!biases.isEmpty() && tape.needs(biases.get(expert))) {
                kernels.gradients().sumRows(tape.gradient(biases.get(expert)), d);
            }
        }
    }

    /// Applies the derivatives of `cut`, which are 0 beyond the limits.
    private void uncut(MlpForm.Limited form, Tensor dgate, Tensor dup) {
        int cols = dgate.cols();
        Ranges.run(kernels.workers(), dgate.rows(), 2L * cols, (from, to) -> {
            for (long i = (long) from * cols; i < (long) to * cols; i++) {
                dgate.set(i, op.gate.get(i) > form.limit() ? 0 : dgate.get(i) * form.slope());
                dup.set(i, Math.abs(op.up.get(i)) > form.limit() ? 0 : dup.get(i) / form.slope());
            }
        });
    }

    /// From gradients of the gate and of `ratio(gate) · cap(up)` to those of gate and up.
    private void uncap(MlpForm.SoftCapped form, Tensor dgate, Tensor dup) {
        Ranges.run(kernels.workers(), dgate.rows(), 40L * dgate.cols(), (from, to) -> {
            for (long i = (long) from * dgate.cols(); i < (long) to * dgate.cols(); i++) {
                double up = form.cappedUp(op.up.get(i));
                double d = dup.get(i);
                dgate.set(i, (float) (dgate.get(i) + d * form.ratioSlope(op.gate.get(i)) * up));
                double t = up / form.upCap();
                dup.set(i, (float) (d * form.ratio(op.gate.get(i)) * (1 - t * t)));
            }
        });
    }

    /// Adds the gradients of the experts' inputs to that of x.
    private void scatter(Tensor dinput, Tensor dweights) {
        Tensor dx = tape.gradient(op.x);
        int k = op.weights.cols();
        Ranges.run(kernels.workers(), dx.rows(), 2L * k * dx.cols(), (first, end) -> {
            for (int choice = first * k; choice < end * k; choice++) {
                int place = dispatch.places[choice];
                int token = dispatch.tokens[place];
                long from = dinput.address() + place * dinput.rowBytes();
                float w = op.weighting == Weighting.INPUT ? op.weights.get(choice) : 1;
                Vectors.addScaled(dx.address() + token * dx.rowBytes(), from, w, op.x.cols());
                if (op.weighting == Weighting.INPUT) {
                    double d = Vectors.dot(from, op.x.address() + token * op.x.rowBytes(), op.x.cols());
                    dweights.set(choice, dweights.get(choice) + (float) d);
                }
            }
        });
    }
}
