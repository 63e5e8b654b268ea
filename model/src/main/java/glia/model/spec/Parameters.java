package glia.model.spec;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// All parameters of a spec and their shapes, `[outputs, inputs]` for matrices.
public final class Parameters {
    private final SequencedMap<Parameter, long[]> shapes = new LinkedHashMap<>();
    private int sublayer = -1;

    private Parameters() { }

    /// The shapes of a model's parameters, in the order in which a pass uses them.
    public static SequencedMap<Parameter, long[]> of(ModelSpec spec) {
        Parameters p = new Parameters();
        int hidden = spec.hiddenSize();
        p.add(Role.EMBEDDING, spec.vocabSize(), hidden);
        switch (spec.positions()) {
            case Positions.None none -> { }
            case Positions.Learned learned -> p.add(Role.POSITIONS, learned.count(), hidden);
        }
        for (Sublayer s : spec.sublayers()) {
            p.sublayer++;
            p.norm(s.before(), Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, hidden);
            switch (s.mixer()) {
                case Mixer.Attention a -> p.attention(a, hidden);
                case Mixer.GatedMlp m -> {
                    p.linear(Role.GATE, Role.GATE_BIAS, m.bias() != Bias.NONE, m.intermediateSize(), hidden);
                    p.linear(Role.UP, Role.UP_BIAS, m.bias() != Bias.NONE, m.intermediateSize(), hidden);
                    p.linear(Role.DOWN, Role.DOWN_BIAS, m.bias() == Bias.ALL, hidden, m.intermediateSize());
                }
                case Mixer.Mlp m -> {
                    p.linear(Role.UP, Role.UP_BIAS, m.bias() != Bias.NONE, m.intermediateSize(), hidden);
                    p.linear(Role.DOWN, Role.DOWN_BIAS, m.bias() == Bias.ALL, hidden, m.intermediateSize());
                }
            }
            p.norm(s.after(), Role.AFTER_WEIGHT, Role.AFTER_BIAS, hidden);
        }
        p.sublayer = -1;
        p.norm(spec.finalNorm(), Role.FINAL_WEIGHT, Role.FINAL_BIAS, hidden);
        if (spec.head() == Head.SEPARATE) {
            p.add(Role.HEAD, spec.vocabSize(), hidden);
        }
        return p.shapes;
    }

    /// The number of parameters.
    public static long count(ModelSpec spec) {
        return of(spec).values().stream().mapToLong(Parameters::size).sum();
    }

    private static long size(long[] shape) {
        long product = 1;
        for (long n : shape) {
            product *= n;
        }
        return product;
    }

    private void add(Role role, long... shape) {
        shapes.put(new Parameter(sublayer, role), shape);
    }

    private void norm(Norm norm, Role weight, Role bias, long size) {
        switch (norm) {
            case Norm.None none -> { }
            case Norm.Rms rms -> add(weight, size);
            case Norm.Layer layer -> {
                add(weight, size);
                add(bias, size);
            }
        }
    }

    private void linear(Role weight, Role bias, boolean hasBias, long outputs, long inputs) {
        add(weight, outputs, inputs);
        if (hasBias) {
            add(bias, outputs);
        }
    }

    private void attention(Mixer.Attention a, int hidden) {
        boolean inputs = a.bias() != Bias.NONE;
        linear(Role.QUERY, Role.QUERY_BIAS, inputs, a.querySize(), hidden);
        linear(Role.KEY, Role.KEY_BIAS, inputs, a.keyValueSize(), hidden);
        linear(Role.VALUE, Role.VALUE_BIAS, inputs, a.keyValueSize(), hidden);
        linear(Role.OUTPUT, Role.OUTPUT_BIAS, a.bias() == Bias.ALL, hidden, a.querySize());
        switch (a.headNorm()) {
            case Norm.None none -> { }
            case Norm.Rms rms -> {
                add(Role.QUERY_NORM, a.headSize());
                add(Role.KEY_NORM, a.headSize());
            }
            case Norm.Layer layer -> throw new IllegalArgumentException("layer norm of heads is not built");
        }
    }
}
