package glia.model.block;

import glia.model.spec.Rope;
import glia.tensor.kernel.RopeTable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The RoPE tables of a model, one for each `Rope.Rotary` of its layers.
public final class RopeTables {
    private final Map<Rope, RopeTable> tables = new HashMap<>();
    private final int context;

    /// @param context the context length
    public RopeTables(int context) {
        this.context = context;
    }

    /// The table of a rotation; empty for none.
    public Optional<RopeTable> of(Rope rope) {
        return switch (rope) {
            case Rope.None none -> Optional.empty();
            case Rope.Rotary rotary -> Optional.of(tables.computeIfAbsent(rotary, r -> make(rotary)));
            case Rope.Parts parts -> throw new IllegalArgumentException("parts of heads have tables of their own");
            case Rope.Axial axial -> Optional.of(tables.computeIfAbsent(axial, r -> make(axial)));
        };
    }

    private RopeTable make(Rope.Axial rope) {
        RopeTable plain = make(rope.rotary());
        float[] frequencies = new float[rope.axes().size()];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = plain.frequencies()[rope.frequencies().get(i)];
        }
        return new RopeTable(frequencies, plain.factor(), plain.layout(),
                rope.axes().stream().mapToInt(Integer::intValue).toArray());
    }

    private RopeTable make(Rope.Rotary rope) {
        double[] scaled = rope.frequencies(context);
        float[] rounded = new float[scaled.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) scaled[i];
        }
        return new RopeTable(rounded, (float) rope.scaling().attentionFactor(context), rope.layout());
    }
}
