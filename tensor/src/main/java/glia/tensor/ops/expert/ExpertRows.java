package glia.tensor.ops.expert;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import glia.tensor.ops.WeightProducts;
import java.util.Arrays;
import java.util.List;

/// The maps of experts applied to rows that are sorted by expert, `down(form(gate(x), up(x)))`, with their gradients:
/// one matrix multiplication for each map of each expert that has rows, all of them as one grouped GEMM.
final class ExpertRows implements ExpertMlp.Maps {
    private final ExpertMlp.Experts experts;
    private int[] active;
    private int[] starts;
    private int count;
    private boolean isOneRow;
    private Tensor input;
    private Tensor gate;
    private Tensor up;
    private Tensor cutGate;
    private Tensor cutUp;
    private Tensor hidden;

    ExpertRows(ExpertMlp.Experts experts) {
        this.experts = experts;
    }

    @Override
    public boolean readsOneRow() {
        return true;
    }

    @Override
    public void inputs(Operation.Inputs inputs) {
        for (ExpertLinear bank : List.of(experts.gate(), experts.up(), experts.down())) {
            inputs.weights(bank.weights());
            inputs.weights(bank.biases());
        }
    }

    // ---- forward -------------------------------------------------------------------------------------------------

    @Override
    public void forward(Compute ops, ExpertMlp.Groups groups, Tensor in, Tensor output) {
        active = groups.experts();
        starts = groups.starts();
        count = groups.count();
        input = in;
        isOneRow = in.rows() < output.rows();
        int rows = starts[count];
        int width = experts.up().outputs();
        WeightProducts.Batch products = new WeightProducts.Batch();
        up = ops.allocate(rows, width);
        gate = experts.form().isGated() ? ops.allocate(rows, width) : up;
        for (int i = 0; i < count; i++) {
            if (gate != up) {
                add(products, gate, i, experts.gate());
            }
            add(products, up, i, experts.up());
        }
        ops.products().multiply(products);
        addBiases(ops, gate, experts.gate());
        addBiases(ops, up, experts.up());
        hidden = ops.allocate(rows, width);
        switch (experts.form()) {
            case MlpForm.Gated gated -> ops.kernels().gated(hidden, gate, up, gated.activation());
            case MlpForm.Plain plain -> ops.kernels().activate(hidden, up, plain.activation());
            case MlpForm.Limited limited -> {
                cutGate = ops.allocate(rows, width);
                cutUp = ops.allocate(rows, width);
                cut(limited, ops.kernels());
                ops.kernels().gated(hidden, cutGate, cutUp, limited.activation());
            }
            case MlpForm.SoftCapped capped -> {
                cutUp = ops.allocate(rows, width);
                Ranges.run(ops.kernels().workers(), rows, width, (from, to) -> {
                    for (long i = (long) from * width; i < (long) to * width; i++) {
                        cutUp.set(i, (float) (capped.ratio(gate.get(i)) * capped.cappedUp(up.get(i))));
                    }
                });
                ops.kernels().gated(hidden, gate, cutUp, Activation.SILU);
            }
        }
        WeightProducts.Batch downs = new WeightProducts.Batch();
        for (int i = 0; i < count; i++) {
            downs.add(output, starts[i], hidden, starts[i], starts[i + 1] - starts[i], weight(experts.down(), i));
        }
        ops.products().multiply(downs);
        addBiases(ops, output, experts.down());
    }

    private Weight weight(ExpertLinear bank, int index) {
        return bank.weights().get(active[index]);
    }

    private int inputRow(int index) {
        return isOneRow ? 0 : starts[index];
    }

    private Tensor inputs(int index) {
        return input.rows(inputRow(index), inputRow(index) + starts[index + 1] - starts[index]);
    }

    private void add(WeightProducts.Batch products, Tensor y, int index, ExpertLinear bank) {
        products.add(y, starts[index], input, inputRow(index), starts[index + 1] - starts[index], weight(bank, index));
    }

    private void addBiases(Compute ops, Tensor y, ExpertLinear bank) {
        for (int i = 0; i < count && !bank.biases().isEmpty(); i++) {
            Tensor rows = y.rows(starts[i], starts[i + 1]);
            ops.kernels().addRow(rows, rows, Compute.stored(bank.biases().get(active[i])));
        }
    }

    /// Computes gates and ups with which `f(gate) · up` equals the form with limits.
    private void cut(MlpForm.Limited form, Kernels kernels) {
        Ranges.run(kernels.workers(), gate.rows(), gate.cols(), (from, to) -> {
            for (long at = from * gate.rowBytes(); at < to * gate.rowBytes(); at += 4) {
                float g = Math.min(Memory.f32(gate.address() + at), form.limit());
                float u = Math.clamp(Memory.f32(up.address() + at), -form.limit(), form.limit());
                Memory.f32(cutGate.address() + at, form.slope() * g);
                Memory.f32(cutUp.address() + at, (u + form.shift()) / form.slope());
            }
        });
    }

    @Override
    public void forEachInput(ExpertMlp.InputListener listener) {
        for (int i = 0; i < count; i++) {
            if (gate != up) {
                listener.multiplied(weight(experts.gate(), i), inputs(i));
            }
            listener.multiplied(weight(experts.up(), i), inputs(i));
            listener.multiplied(weight(experts.down(), i), hidden.rows(starts[i], starts[i + 1]));
        }
    }

    // ---- backward ------------------------------------------------------------------------------------------------

    @Override
    public void backward(Tape tape, Tensor doutput, Tensor dinput, boolean needsInput) {
        reach(tape);
        boolean[] needsHidden = new boolean[count];
        boolean any = needsInput;
        for (int i = 0; i < needsHidden.length; i++) {
            needsHidden[i] = needsInput || isTrainable(tape, experts.up(), i) || isTrainable(tape, experts.gate(), i);
            any |= needsHidden[i];
        }
        Tensor dhidden = any ? zeros(tape) : doutput;
        back(tape, experts.down(), doutput, dhidden, needsHidden);
        if (!any) {
            return;
        }
        Kernels kernels = tape.kernels();
        Tensor dup = zeros(tape);
        Tensor dgate = zeros(tape);
        switch (experts.form()) {
            case MlpForm.Gated gated -> kernels.gradients().gatedBackward(dgate, dup, dhidden, gate, up,
                    gated.activation());
            case MlpForm.Plain plain -> kernels.gradients().activateBackward(dup, dhidden, up, plain.activation());
            case MlpForm.Limited limited -> {
                kernels.gradients().gatedBackward(dgate, dup, dhidden, cutGate, cutUp, limited.activation());
                uncut(kernels, limited, dgate, dup);
            }
            case MlpForm.SoftCapped capped -> {
                kernels.gradients().gatedBackward(dgate, dup, dhidden, gate, cutUp, Activation.SILU);
                uncap(kernels, capped, dgate, dup);
            }
        }
        boolean[] needed = new boolean[count];
        Arrays.fill(needed, needsInput);
        back(tape, experts.up(), dup, dinput, needed);
        if (experts.form().isGated()) {
            back(tape, experts.gate(), dgate, dinput, needed);
        }
    }

    /// Makes the gradients of all experts, which are zero for those that no token reached: an optimizer updates these,
    /// too, by momentum and weight decay.
    private void reach(Tape tape) {
        for (ExpertLinear bank : List.of(experts.gate(), experts.up(), experts.down())) {
            bank.weights().stream().filter(tape::needs).forEach(tape::gradient);
            bank.biases().stream().filter(tape::needs).forEach(tape::gradient);
        }
    }

    private Tensor zeros(Tape tape) {
        Tensor t = tape.scratch(hidden.rows(), hidden.cols());
        t.zero();
        return t;
    }

    /// Whether the map of an active expert has trainable parameters.
    private boolean isTrainable(Tape tape, ExpertLinear bank, int index) {
        return !bank.weights().isEmpty() && (tape.needs(weight(bank, index))
                || !bank.biases().isEmpty() && tape.needs(bank.biases().get(active[index])));
    }

    /// Runs the backward pass of a map for every active expert.
    ///
    /// @param din the gradients of the inputs, to be added to
    /// @param needed the active experts whose inputs need a gradient
    private void back(Tape tape, ExpertLinear bank, Tensor dy, Tensor din, boolean[] needed) {
        boolean isDown = bank == experts.down();
        for (int i = 0; i < count; i++) {
            Tensor d = dy.rows(starts[i], starts[i + 1]);
            Weight w = weight(bank, i);
            if (tape.needs(w)) {
                tape.products().addWeightGradient(tape, w, d, isDown ? hidden.rows(starts[i], starts[i + 1])
                        : inputs(i));
            }
            if (needed[i]) {
                tape.products().addInputGradient(din.rows(starts[i], starts[i + 1]), d, w);
            }
            if (!bank.biases().isEmpty() && tape.needs(bank.biases().get(active[i]))) {
                tape.kernels().gradients().sumRows(tape.gradient(bank.biases().get(active[i])), d);
            }
        }
    }

    /// Applies the derivatives of `cut`, which are 0 beyond the limits.
    private void uncut(Kernels kernels, MlpForm.Limited form, Tensor dgate, Tensor dup) {
        int cols = dgate.cols();
        Ranges.run(kernels.workers(), dgate.rows(), 2L * cols, (from, to) -> {
            for (long i = (long) from * cols; i < (long) to * cols; i++) {
                dgate.set(i, gate.get(i) > form.limit() ? 0 : dgate.get(i) * form.slope());
                dup.set(i, Math.abs(up.get(i)) > form.limit() ? 0 : dup.get(i) / form.slope());
            }
        });
    }

    /// From gradients of the gate and of `ratio(gate) · cap(up)` to those of gate and up.
    private void uncap(Kernels kernels, MlpForm.SoftCapped form, Tensor dgate, Tensor dup) {
        Ranges.run(kernels.workers(), dgate.rows(), 40L * dgate.cols(), (from, to) -> {
            for (long i = (long) from * dgate.cols(); i < (long) to * dgate.cols(); i++) {
                double capped = form.cappedUp(up.get(i));
                double d = dup.get(i);
                dgate.set(i, (float) (dgate.get(i) + d * form.ratioSlope(gate.get(i)) * capped));
                double t = capped / form.upCap();
                dup.set(i, (float) (d * form.ratio(gate.get(i)) * (1 - t * t)));
            }
        });
    }
}
