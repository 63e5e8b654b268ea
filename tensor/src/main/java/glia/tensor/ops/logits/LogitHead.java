package glia.tensor.ops.logits;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.util.Optional;

/// A language-model head that computes logits `rule(hidden · wᵀ + bias)` part by part of the vocabulary. The views of
/// the parts are created once, since kernels may keep a packed form for each.
public final class LogitHead {
    /// Vocabulary size of each part but the last.
    public static final int PART = 4096;

    private final Weight weight;
    private final Optional<Weight> bias;
    private final LogitRule rule;
    private final Weight[] parts;

    /// @param weight `[V, D]`
    /// @param bias `[V]`
    public LogitHead(Weight weight, Optional<Weight> bias, LogitRule rule) {
        this.weight = weight;
        this.bias = bias;
        this.rule = rule;
        bias.ifPresent(b -> Compute.require(Compute.stored(b).size() == weight.rows(), "head", Compute.stored(b),
                weight));
        parts = new Weight[Math.ceilDiv(weight.rows(), PART)];
        for (int i = 0; i < parts.length; i++) {
            int from = i * PART;
            parts[i] = weight.rows(from, Math.min(from + PART, weight.rows()));
        }
    }

    private LogitHead(LogitHead other, LogitRule rule) {
        weight = other.weight;
        bias = other.bias;
        parts = other.parts;
        this.rule = rule;
    }

    /// Returns the same head with another rule.
    public LogitHead with(LogitRule other) {
        return new LogitHead(this, other);
    }

    public Weight weight() {
        return weight;
    }

    public Optional<Weight> bias() {
        return bias;
    }

    public LogitRule rule() {
        return rule;
    }

    public int vocabSize() {
        return weight.rows();
    }

    int numParts() {
        return parts.length;
    }

    /// The first token of a part.
    int first(int part) {
        return part * PART;
    }

    int size(int part) {
        return parts[part].rows();
    }

    /// Computes the logits of a part, `[N, size(part)]`, from hidden states `[N, D]`.
    void logits(Compute ops, Tensor z, Tensor hidden, int part) {
        ops.products().multiply(z, hidden, parts[part]);
        finish(ops.kernels(), z, part);
    }

    /// Computes them in the backward pass.
    void logits(Tape tape, Tensor z, Tensor hidden, int part) {
        tape.products().multiply(z, hidden, parts[part]);
        finish(tape.kernels(), z, part);
    }

    private void finish(Kernels kernels, Tensor z, int part) {
        if (bias.isPresent()) {
            kernels.addRow(z, z, slice(Compute.stored(bias.get()), part));
        }
        rule.apply(kernels, z);
    }

    /// Adds to the gradients of hidden states and weights, given the gradient `du` of a part's `hidden · wᵀ + bias`.
    ///
    /// @param dhidden null if not needed
    void backward(Tape tape, Tensor du, Tensor hidden, Tensor dhidden, int part) {
        if (bias.isPresent() && tape.needs(bias.get())) {
            tape.kernels().gradients().sumRows(slice(tape.gradient(bias.get()), part), du);
        }
        tape.products().addWeightGradient(tape, weight, first(part), du, hidden);
        if (dhidden != null) {
            tape.products().addInputGradient(dhidden, du, parts[part]);
        }
    }

    private Tensor slice(Tensor vector, int part) {
        return TileViews.vector(vector, first(part), first(part) + size(part));
    }
}
